import type { Group } from '../group.ts';
import { blocked, capabilities } from './ahead.ts';
import { audit } from './audit.ts';
import { batch } from './batch.ts';
import { claim } from './claim.ts';
import { depth } from './depth.ts';
import { events } from './events.ts';
import { files } from './files.ts';
import { graphileWorker } from './graphile_worker.ts';
import { guardrails } from './guardrails.ts';
import { http } from './http.ts';
import { lock } from './lock.ts';
import { mcp } from './mcp.ts';
import { pgBoss } from './pg_boss.ts';
import { policies } from './policies.ts';
import { postgrest } from './postgrest.ts';
import { submit } from './submit.ts';

/** In the order in which they are measured and printed. */
export const groups: readonly Group[] = [
  ...[lock, files, submit, claim, batch, depth, blocked, capabilities, policies],
  ...[graphileWorker, pgBoss, events, audit, http, postgrest, mcp, guardrails],
];
