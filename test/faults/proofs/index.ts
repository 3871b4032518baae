import type { Proof } from '../proof.ts';
import { lockTorture } from './locks.ts';
import { orphans } from './orphans.ts';
import { unknownOutcomes } from './outcomes.ts';
import { starvation } from './starvation.ts';
import { crashes, taskTorture } from './tasks.ts';

/** All proofs, in the order in which they run. */
export const proofs: readonly Proof[] = [lockTorture, taskTorture, crashes, unknownOutcomes, orphans, starvation];
