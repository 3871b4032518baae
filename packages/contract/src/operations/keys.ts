import { z } from 'zod';
import { count, instant, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const keyId = z
  .string()
  .regex(/^[a-z0-9]{12}$/, 'must be the 12 characters between ac_ and the next underscore')
  .describe('Public part of the key.');
const agent = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, 'must be 1 to 64 letters, digits, _ . @ -')
  .describe('Agent that calls with this key.');
const trust = z.int().min(0).max(4).describe('Most the key may do: 1 read, 2 write, 3 elevated, 4 administer.');

const scopes = z
  .array(word('An operation, a toolset, read or write.'))
  .min(1)
  .max(100)
  .describe('What it is for, within its trust; everything when left out.');
const apiKey = z.string().describe('The key itself: ac_<id>_<secret>. It is not shown again.');
const expiresAt = instant('When it stops working; null for never.').nullable();

const key = z.object({
  key_id: keyId,
  agent,
  agent_type: z.string().describe('Kind of agent.'),
  trust,
  scopes: scopes.nullable(),
  description: z.string().nullable().describe('What it is for.'),
  created_at: instant('When it was made.'),
  expires_at: expiresAt,
  revoked_at: instant('When it was revoked.').nullable(),
  rotated_from: keyId.describe('The key that it follows; null for none.').nullable(),
});

export const createKey = defineOperation({
  name: 'create_key',
  summary: 'Make an API key for an agent of this project.',
  guidance: 'The key is shown once and stored only as a hash.',
  kind: 'write',
  http: 'POST /keys',
  cli: 'keys create <agent>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({
    agent,
    agent_type: word('Kind of agent, such as codex.').default('cloud'),
    trust: trust.default(2),
    scopes: scopes.optional(),
    description: z.string().max(200).describe('What it is for.').optional(),
    expires_in_days: z.int().min(1).max(3650).describe('Days until it stops working; never when left out.').optional(),
  }),
  output: z.object({
    key_id: keyId,
    api_key: apiKey,
    agent,
    trust,
    scopes: scopes.nullable(),
    expires_at: expiresAt,
  }),
});

export const rotateKey = defineOperation({
  name: 'rotate_key',
  summary: 'Make the key that follows another, which works on for a while.',
  guidance: 'Same agent, trust and scopes. Put the new one in place, then revoke the old one or let it expire.',
  kind: 'write',
  http: 'POST /keys/{key_id}/rotate',
  cli: 'keys rotate <key_id>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({
    key_id: keyId,
    overlap_seconds: z.int().min(0).max(2_592_000).default(86_400).describe('Seconds for which the old one works on.'),
  }),
  output: z.object({
    key_id: keyId,
    api_key: apiKey,
    agent,
    trust,
    scopes: scopes.nullable(),
    expires_at: expiresAt,
    rotated_from: keyId.describe('The old key.'),
    old_expires_at: instant('When the old one stops working.'),
  }),
});

export const listKeys = defineOperation({
  name: 'list_keys',
  summary: 'List the API keys of this project, without their secrets.',
  kind: 'read',
  http: 'GET /keys',
  cli: 'keys list',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({}),
  output: z.object({ keys: z.array(key).describe('Revoked and expired ones too.') }),
});

export const revokeKey = defineOperation({
  name: 'revoke_key',
  summary: 'Stop an API key and end its sessions at once.',
  kind: 'write',
  http: 'POST /keys/{key_id}/revoke',
  cli: 'keys revoke <key_id>',
  toolset: 'admin',
  minimumTrust: 4,
  wakes: true,
  input: z.strictObject({ key_id: keyId }),
  output: z.object({
    key_id: keyId,
    revoked_at: instant('When it stopped working.'),
    ended_sessions: count('Sessions that ended with it.'),
  }),
});
