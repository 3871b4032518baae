import { z } from 'zod';
import {
  agentFields,
  count,
  hint,
  instant,
  leaseSeconds,
  repositoryPath,
  repositoryPathList,
  token,
  waitSeconds,
} from '../fields.ts';
import { defineOperation } from '../operation.ts';

const path = repositoryPath(
  'File (src/server.ts), tree (src/api/), glob (src/**/*.ts) or name (resource:port-5432), from the root of the repository.',
);
const paths = repositoryPathList(path, 256, 32_768).min(1);
const reason = z.string().max(500).describe('Why it is held; others see it.');

const { session_id, ...agent } = agentFields;
const normalPath = z.string().describe('Path in its one normal form.');
const shared = z.boolean().describe('True when others may hold it at the same time, shared like this one.');

const blocker = z.object({
  path: normalPath,
  ...agent,
  reason: reason.nullable(),
  since: instant('When the holder got it.'),
  expires_at: instant('When it frees itself unless renewed.'),
});

export const acquireLock = defineOperation({
  name: 'acquire_lock',
  summary: 'Lock files, trees, globs or named resources before using them, all or none.',
  guidance:
    'Call before every edit. Repeating it renews. If `acquired` is false, nothing was locked: work on something ' +
    'else, ask the holder named in `blocked_by`, or queue with `wait_seconds`.',
  kind: 'write',
  http: 'POST /locks/acquire',
  cli: 'lock acquire <paths...>',
  toolset: 'locks',
  minimumTrust: 2,
  input: z.strictObject({
    paths: paths.describe('What to lock together.'),
    reason: reason.optional(),
    ttl_seconds: leaseSeconds('Seconds until the lock frees itself; acquire again to renew.'),
    shared: z.boolean().default(false).describe('True to read only: others may share it, and nobody may write.'),
    wait_seconds: waitSeconds('Seconds to wait in the queue, first come first served; 0 answers at once.'),
  }),
  output: z.object({
    acquired: z.boolean().describe('True when every path is now yours.'),
    locks: z
      .array(
        z.object({
          path: normalPath,
          token: token('Fencing token of this grant.'),
          expires_at: instant('When it frees itself unless renewed.'),
          shared: z.literal(true).describe('Others may hold it at the same time, shared like this one.').optional(),
          renewed: z.boolean().describe('True when it was yours already.'),
          lapsed: z
            .literal(true)
            .describe('It had been yours and expired: somebody may have written meanwhile.')
            .optional(),
        }),
      )
      .describe('The locks, when acquired.')
      .optional(),
    blocked_by: z
      .array(blocker)
      .max(1)
      .describe('When not acquired: the first holder; nobody when others who wait are next.')
      .optional(),
    blocked_count: count(
      'How many locks of others are in the way; 100 stands for that or more below a tree or a glob.',
    ).optional(),
    position: count('Place in the queue, or the one it would be; 1 is next.').optional(),
    deadlock: z
      .literal(true)
      .describe('Waiting would never end, because those in the way wait for you; nothing was queued.')
      .optional(),
    hint,
  }),
});

export const releaseLock = defineOperation({
  name: 'release_lock',
  summary: 'Release locks of this session.',
  guidance: 'Call as soon as the edit is done. Ending the session releases everything.',
  kind: 'write',
  http: 'POST /locks/release',
  cli: 'lock release <paths...>',
  toolset: 'locks',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    paths: paths.describe('What to release, named as it was locked.'),
    tokens: z
      .array(token('Fencing token from acquire_lock.'))
      .min(1)
      .max(256)
      .describe('Tokens in the order of `paths`; a grant that has moved on is left alone.')
      .optional(),
  }),
  output: z.object({
    released: z.boolean().describe('True when every path was yours and is free now.'),
    released_paths: z.array(z.string()).describe('Paths that are free now.'),
    not_held: z
      .array(
        z.object({
          path: normalPath,
          reason: z
            .enum(['free', 'locked_by_other', 'stale_token', 'lapsed'])
            .describe('Why it was not released; `lapsed` means your lock had expired before this call.'),
        }),
      )
      .describe('Paths that were not yours to release.'),
    hint,
  }),
});

export const checkLocks = defineOperation({
  name: 'check_locks',
  summary: 'Show who holds what.',
  kind: 'read',
  http: 'GET /locks',
  cli: 'locks [paths...]',
  toolset: 'locks',
  minimumTrust: 1,
  direct: ['limit'],
  input: z.strictObject({
    paths: paths.describe('Only locks that overlap these; all when left out.').optional(),
    limit: z.int().min(1).max(1000).default(200).describe('Most rows to answer.'),
  }),
  output: z.object({
    locks: z
      .array(
        blocker.extend({
          session_id,
          shared,
          token: token('Fencing token of the grant.'),
          mine: z.boolean().describe('True when this session holds it.'),
          waiting: count('How many wait for something that overlaps it.'),
        }),
      )
      .describe('Locks that are held now, by path.'),
    truncated: z.boolean().describe('True when there are more than `limit`.'),
  }),
});

export const forceReleaseLock = defineOperation({
  name: 'force_release_lock',
  summary: 'Take locks away from whoever holds them.',
  guidance:
    'Only when a holder is stuck and cannot be asked. It is told with its next call, but may be writing just now.',
  kind: 'write',
  http: 'POST /locks/force-release',
  cli: 'lock force-release <paths...>',
  toolset: 'admin',
  minimumTrust: 3,
  wakes: true,
  input: z.strictObject({
    paths: paths.describe('What to free, named as it was locked.'),
    reason: z.string().min(1).max(500).describe('Why; the holder and the journal are told.'),
  }),
  output: z.object({
    freed: z
      .array(
        z.object({
          path: normalPath,
          agent: z.string().describe('Name of the agent that held it.'),
          session_id,
          reason: reason.nullable(),
        }),
      )
      .describe('What was held, and by whom; paths that nobody held are not named.'),
  }),
});
