import { hash } from 'node:crypto';
import { type Database, type KeyCaller, type KeyParts, keyParts } from '@agentcoord/core';

/** A key that the database knows, as this process remembers it. */
export interface Credential {
  readonly caller: Readonly<KeyCaller>;
  /** Hash of the key; the key itself is never kept. */
  readonly fingerprint: string;
  /** Reading of the monotonic clock up to which the database need not be asked again. */
  readonly freshUntil: number;
}

/** Milliseconds for which a positive answer is trusted: a revoked key must be refused within 5 s. */
const trustFor = 4000;

/** Keys remembered at once; the one longest not confirmed is forgotten first. */
const maxRemembered = 10_000;

const sha256 = (text: string) => hash('sha256', text, 'hex');

/** The key in an `Authorization` header; undefined when it holds none. */
export function keyIn(header: string | undefined): string | undefined {
  if (header === undefined || header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  return header.slice(7).trim() || undefined;
}

export class Authenticator {
  readonly #database: Database;
  readonly #remembered = new Map<string, Credential>();
  readonly #asking = new Map<string, Promise<Credential | undefined>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** What is remembered of the key; its `freshUntil` may have passed. */
  recall(key: string): Credential | undefined {
    return this.#remembered.get(sha256(key));
  }

  /** Asks the database, once for simultaneous calls; undefined for a key that is unknown, expired or revoked. */
  async ask(key: string): Promise<Credential | undefined> {
    const parts = keyParts(key);
    if (!parts) return undefined;
    const fingerprint = sha256(key);
    const answer = this.#asking.get(fingerprint) ?? this.#lookUp(fingerprint, parts);
    this.#asking.set(fingerprint, answer);
    return answer.finally(() => this.#asking.delete(fingerprint));
  }

  /** Called when the database refused a call of the key after all. */
  forget(credential: Credential): void {
    this.#remembered.delete(credential.fingerprint);
  }

  async #lookUp(fingerprint: string, { key_id, secret_hash }: KeyParts): Promise<Credential | undefined> {
    const asked = performance.now();
    const row = (await this.#database.call('authenticate_key', { p_key_id: key_id, p_secret_hash: secret_hash })) as {
      project_id: number;
      expires_at: string | null;
    } | null;
    this.#remembered.delete(fingerprint);
    if (row === null) return undefined;
    const expiresIn = row.expires_at === null ? trustFor : Date.parse(row.expires_at) - Date.now();
    const credential: Credential = {
      caller: Object.freeze({ key_id, project_id: row.project_id }),
      fingerprint,
      freshUntil: asked + Math.min(trustFor, expiresIn),
    };
    this.#remembered.set(fingerprint, credential);
    if (this.#remembered.size > maxRemembered) this.#forgetOldest();
    return credential;
  }

  #forgetOldest(): void {
    for (const fingerprint of this.#remembered.keys()) {
      this.#remembered.delete(fingerprint);
      return;
    }
  }
}
