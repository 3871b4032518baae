import { hash } from 'node:crypto';
import type { Coordinator } from '@agentcoord/contract';
import { projectId, speakAs } from './callers.ts';
import type { TestDatabase } from './database.ts';

export const secretOf = (api_key: string) => String(/^ac_[a-z0-9]{12}_([0-9a-f]{64})[0-9a-f]{8}$/.exec(api_key)?.[1]);

/** What a door is told of a key. */
export async function authenticate({ database }: TestDatabase, key_id: string, secret: string): Promise<unknown> {
  return database.call('authenticate_key', { p_key_id: key_id, p_secret_hash: hash('sha256', secret, 'hex') });
}

/** A new key of the maker's project, and what speaks with it. */
export async function makeKey(
  db: TestDatabase,
  maker: Coordinator,
  input: Partial<Parameters<Coordinator['createKey']>[0]> = {},
) {
  const key = await maker.createKey({ agent: 'cloud', ...input });
  return { ...key, speaker: speakAs(db, { project_id: await projectId(db), key_id: key.key_id }) };
}
