import { z } from 'zod';
import { agentFields, count, hint, instant, leaseSeconds, repositoryPath, token, waitSeconds } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const path = repositoryPath('File, relative to the root of the repository, such as src/server.ts.');
const paths = z.array(path).min(1).max(256);
const reason = z.string().max(500).describe('Why it is held; others see it.');

const heldLock = z.object({
  path: z.string().describe('Path in its one normal form.'),
  ...agentFields,
  reason: reason.nullable(),
  since: instant('When the holder got it.'),
  expires_at: instant('When it frees itself unless renewed.'),
});

export const acquireLock = defineOperation({
  name: 'acquire_lock',
  summary: 'Lock files before editing them, all or none.',
  guidance:
    'Call before every edit. Repeating it renews. If `acquired` is false, nothing was locked: work on something ' +
    'else or ask the holder named in `blocked_by`.',
  kind: 'write',
  http: 'POST /locks/acquire',
  cli: 'lock acquire <paths...>',
  toolset: 'locks',
  minimumTrust: 2,
  input: z.strictObject({
    paths: paths.describe('Files to lock together.'),
    reason: reason.optional(),
    ttl_seconds: leaseSeconds('Seconds until the lock frees itself; acquire again to renew.'),
    wait_seconds: waitSeconds('Seconds to wait while others hold any of them; 0 answers at once.'),
  }),
  output: z.object({
    acquired: z.boolean().describe('True when every path is now yours.'),
    locks: z
      .array(
        z.object({
          path: z.string().describe('Path in its one normal form.'),
          token: token('Fencing token of this grant.'),
          expires_at: instant('When it frees itself unless renewed.'),
          renewed: z.boolean().describe('True when it was yours already.'),
        }),
      )
      .describe('The locks, when acquired.')
      .optional(),
    blocked_by: z.array(heldLock).describe('Who holds what was asked for, when not acquired (at most 5).').optional(),
    blocked_count: count('How many of the paths are held by others.').optional(),
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
    paths: paths.describe('Files to release.'),
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
          path: z.string().describe('Path in its one normal form.'),
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
  summary: 'Show who holds which files.',
  kind: 'read',
  http: 'GET /locks',
  cli: 'locks [paths...]',
  toolset: 'locks',
  minimumTrust: 1,
  input: z.strictObject({
    paths: paths.describe('Only these files; all locks when left out.').optional(),
    limit: z.int().min(1).max(1000).default(200).describe('Most rows to answer.'),
  }),
  output: z.object({
    locks: z
      .array(
        heldLock.extend({
          token: token('Fencing token of the grant.'),
          mine: z.boolean().describe('True when this session holds it.'),
        }),
      )
      .describe('Locks that are held now, by path.'),
    truncated: z.boolean().describe('True when there are more than `limit`.'),
  }),
});
