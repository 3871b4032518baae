import type { CoordinationError } from '@agentcoord/contract';
import { Claim } from './claim.ts';
import type { Lock } from './lock.ts';

/** What a session holds, so that it hears when the session is gone. */
export class Grants {
  readonly #held = new Set<Lock | Claim>();

  add(grant: Lock | Claim): void {
    this.#held.add(grant);
  }

  delete(grant: Lock | Claim): void {
    this.#held.delete(grant);
  }

  /** Claims that are neither reported nor disposed. */
  get claims(): number {
    let claims = 0;
    for (const grant of this.#held) if (grant instanceof Claim) claims++;
    return claims;
  }

  /** Tells all of them that they are gone. */
  lose(reason: CoordinationError): void {
    for (const grant of this.#held) grant.lose(reason);
  }
}
