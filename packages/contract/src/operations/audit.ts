import { z } from 'zod';
import { cursor } from '../events.ts';
import { cappedCount, count, instant, limit, uuid } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const sealNumber = (description: string) => z.int().min(0).max(2_147_483_647).describe(description);

const hash = (description: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .describe(description);

const problem = z
  .enum([
    'changed',
    'missing',
    'added',
    'leaves',
    'seal_changed',
    'seal_missing',
    'checkpoint_missing',
    'checkpoint_differs',
  ])
  .describe(
    'What is wrong: a row was changed, is missing or was added; the leaves of a seal are not those it has hashed; a seal ' +
      'was changed or is missing; the chain ends before the checkpoint, or is another one.',
  );

export const verifyAudit = defineOperation({
  name: 'verify_audit',
  summary: 'Recompute the hash chain of the journal, and name the first row that is not as it was.',
  guidance: 'Looks at 20,000 rows at once: go on with `next_seal` as `after_seal` until it is null.',
  kind: 'read',
  http: 'POST /audit/verify',
  cli: 'audit verify',
  toolset: 'audit',
  minimumTrust: 3,
  input: z.strictObject({
    after_seal: sealNumber('Seal after which to begin; 0 for the first one.').default(0),
    checkpoint: z
      .object({
        seal_number: sealNumber('Seal that it names.'),
        seal_hash: hash('Hash of that seal.'),
        project: z.string().max(200).describe('Whose journal it is of.').optional(),
      })
      .describe('An answer of export_checkpoint that was kept elsewhere: says whether the chain still contains it.')
      .optional(),
  }),
  output: z.object({
    intact: z.boolean().describe('False when something is not as it was: see first_bad.'),
    verified_rows: count('Rows that are as they were when they were sealed, in this call.'),
    verified_seals: count('Seals that are, in this call.'),
    dropped_rows: count('Rows of those seals that were exported and dropped, and cannot be looked at here.'),
    first_bad: z
      .object({
        problem,
        seal_number: sealNumber('Seal in which it is.'),
        cursor: cursor('The row. Of a seal that is missing, and of a chain that was cut, the last row before.'),
      })
      .describe('The first place at which the journal is not what it was.')
      .optional(),
    checkpoint: z
      .enum(['contained', 'missing', 'differs'])
      .describe('Whether the chain contains the checkpoint.')
      .optional(),
    unsealed_rows: cappedCount('Rows that wait for their seal, a few seconds as a rule.'),
    next_seal: sealNumber('Where to go on; null when all was looked at.').nullable(),
  }),
});

export const queryAudit = defineOperation({
  name: 'query_audit',
  summary: 'Show who did what, to what, with which outcome, newest first.',
  guidance: 'Looks at 20,000 rows at once: go on with `before` until it is null, also when nothing was found yet.',
  kind: 'read',
  http: 'GET /audit',
  cli: 'audit query',
  toolset: 'audit',
  minimumTrust: 1,
  direct: ['agent', 'operation', 'resource', 'outcome', 'session_id', 'since', 'until', 'before', 'limit'],
  input: z.strictObject({
    agent: z.string().min(1).max(128).describe('Who did it.').optional(),
    operation: z.string().min(1).max(64).describe('What was called, such as acquire_lock.').optional(),
    resource: z.string().min(1).max(1100).describe('What it was done to: a path, task:<id>, session:<id>.').optional(),
    outcome: z.string().min(1).max(64).describe('ok, held, or the code of an error such as forbidden.').optional(),
    session_id: uuid('Session that did it.').optional(),
    since: instant('Not before that.').optional(),
    until: instant('Before that.').optional(),
    before: cursor('Rows before this one: what the last answer said.').optional(),
    limit,
  }),
  output: z.object({
    entries: z
      .array(
        z.object({
          cursor: cursor('Its place in the order of commits.'),
          happened_at: instant('When it was done.'),
          duration_ms: z
            .number()
            .min(0)
            .max(2_147_483_647)
            .describe('Milliseconds from its begin, inside the database.'),
          agent: z.string().nullable().describe('Who did it; null for the coordinator itself.'),
          session_id: uuid('Session that did it.').nullable(),
          operation: z.string().describe('What was called, or sweep.'),
          outcome: z.string().describe('ok, or what came of it.'),
          resource: z.string().describe('What it was done to.'),
          detail: z.unknown().describe('More about it.'),
        }),
      )
      .describe('Rows of the journal, newest first.'),
    before: cursor('Where to read on; null when there is nothing older.').nullable(),
  }),
});

const totalRows = z.int().min(0).max(1_000_000_000_000_000).describe('Rows sealed up to there, from the first one on.');

export const exportCheckpoint = defineOperation({
  name: 'export_checkpoint',
  summary: 'Show the signed head of the hash chain, to be kept elsewhere.',
  guidance: 'Whoever keeps it can tell later, with verify_audit, whether anything before it was changed or cut off.',
  kind: 'read',
  http: 'GET /audit/checkpoint',
  cli: 'audit checkpoint',
  toolset: 'audit',
  minimumTrust: 1,
  computed: true,
  input: z.strictObject({}),
  output: z.object({
    format: z.literal('agentcoord-checkpoint-1').describe('How it is signed.'),
    project: z.string().describe('Whose journal it is.'),
    seal_number: sealNumber('The last seal.'),
    seal_hash: hash('Its hash, over everything before.'),
    total_rows: totalRows,
    cursor: cursor('The last row that is sealed.'),
    sealed_at: instant('When it was sealed, by the clock of the database.'),
    signed_at: instant('When it was signed, by the clock of the coordinator.'),
    public_key: z.string().describe('The Ed25519 key to verify it with: SPKI, DER, base64.'),
    signature: z.string().describe('Over the fields above, a line each; base64.'),
  }),
});

const age = (description: string) => z.int().min(30).max(36_500).describe(description);

export const exportSegment = defineOperation({
  name: 'export_segment',
  summary: 'Export sealed rows of the journal, with their seals.',
  guidance: 'Answers 2,000 rows at once: go on with `next_seal` as `after_seal` until it is null.',
  kind: 'read',
  http: 'GET /audit/segment',
  cli: 'audit export',
  toolset: 'audit',
  minimumTrust: 4,
  input: z.strictObject({
    after_seal: sealNumber('Seal after which to begin; 0 for the first one whose rows are there.').default(0),
    older_than_days: age('Only seals of which every row is older.').optional(),
  }),
  output: z.object({
    project_id: count('Number of the project in this database; it is part of what is hashed.'),
    seals: z
      .array(
        z.object({
          seal_number: sealNumber('1, 2, 3 … without a gap.'),
          first_cursor: cursor('Its first row.'),
          last_cursor: cursor('Its last row.'),
          row_count: count('How many rows it has.'),
          total_rows: totalRows,
          sealed_at: instant('When it was made.'),
          rows_hash: hash('Over its leaves.'),
          previous_hash: hash('Hash of the seal before.'),
          seal_hash: hash('Its own hash.'),
          leaves: z.string().describe('Key and hash of each of its rows, 48 bytes a row; base64.').nullable(),
        }),
      )
      .describe('Seals, in their order.'),
    entries: z
      .array(
        z.object({
          cursor: cursor('Transaction and number of the row.'),
          started_at: instant('When the call began.'),
          happened_at: instant('When the row was written.'),
          session_id: uuid('Session that did it.').nullable(),
          agent: z.string().nullable().describe('Who did it.'),
          operation: z.string().describe('What was called.'),
          outcome: z.string().describe('What came of it.'),
          resource: z.string().describe('What it was done to.'),
          detail: z.string().nullable().describe('More about it: JSON, in the spelling that is hashed.'),
        }),
      )
      .describe('All rows of these seals, in their order.'),
    next_seal: sealNumber('Where to go on; null when that was all.').nullable(),
  }),
});

export const dropSegment = defineOperation({
  name: 'drop_segment',
  summary: 'Drop the oldest rows of the journal, after they were exported.',
  guidance:
    'Up to the last row of a seal. The seals stay. `agentcoord audit export --drop` exports, verifies and drops.',
  kind: 'write',
  http: 'POST /audit/drop',
  cli: 'audit drop <last_seal>',
  toolset: 'audit',
  minimumTrust: 4,
  input: z.strictObject({
    last_seal: sealNumber('Last seal of the exported file.'),
    file_hash: hash('SHA-256 of that file.'),
    older_than_days: age('Refuse if a row is not older than that.').default(90),
  }),
  output: z.object({
    dropped: z.boolean().describe('True: they are gone.'),
    first_seal: sealNumber('First seal whose rows were dropped.'),
    last_seal: sealNumber('Last seal whose rows were dropped.'),
    dropped_rows: count('Rows that were dropped.'),
  }),
});
