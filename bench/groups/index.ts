import type { Group } from '../group.ts';
import { claim } from './claim.ts';
import { http } from './http.ts';
import { lock } from './lock.ts';
import { mcp } from './mcp.ts';
import { postgrest } from './postgrest.ts';
import { submit } from './submit.ts';

/** In the order in which they are measured and printed. */
export const groups: readonly Group[] = [lock, submit, claim, http, postgrest, mcp];
