import type { Proof } from '../proof.ts';
import { approvals } from './approvals.ts';
import { clock } from './clock.ts';
import { eventStreams } from './events.ts';
import { fuzz } from './fuzz.ts';
import { lockTorture } from './locks.ts';
import { models } from './models.ts';
import { orphans } from './orphans.ts';
import { unknownOutcomes } from './outcomes.ts';
import { ownership } from './ownership.ts';
import { plantedBugs } from './planted.ts';
import { taskScopes } from './scopes.ts';
import { starvation } from './starvation.ts';
import { tampering } from './tampering.ts';
import { crashes, taskTorture } from './tasks.ts';

/** All proofs, in the order in which they run. */
export const proofs: readonly Proof[] = [
  lockTorture,
  taskTorture,
  crashes,
  unknownOutcomes,
  eventStreams,
  models,
  ownership,
  orphans,
  clock,
  taskScopes,
  starvation,
  approvals,
  fuzz,
  tampering,
  plantedBugs,
];
