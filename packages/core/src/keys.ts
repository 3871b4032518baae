import { hash } from 'node:crypto';
import type { ChosenKey } from './config.ts';
import type { Database } from './database.ts';

/** What the database knows of a key: a public id and the hash of its secret. */
export interface KeyParts {
  key_id: string;
  secret_hash: string;
}

const madeForm = /^ac_([a-z0-9]{12})_([0-9a-f]{64})([0-9a-f]{8})$/;

/** A key that people have chosen themselves; too short ones could be guessed. */
export const chosenForm = /^[\x21-\x2b\x2d-\x7e]{16,200}$/;

const sha256 = (text: string) => hash('sha256', text, 'hex');

/**
 * Id and hashed secret of a key: of one that `create_key` made they stand in it, of one from `COORDINATION_API_KEYS`
 * they are derived. Undefined for what can be neither, and for a made one whose checksum says that it was mistyped.
 */
export function keyParts(key: string): KeyParts | undefined {
  if (!key.startsWith('ac_')) {
    if (!chosenForm.test(key)) return undefined;
    return { key_id: sha256(`coordination_api_key:${key}`).slice(0, 12), secret_hash: sha256(key) };
  }
  const [, key_id = '', secret = '', checksum] = madeForm.exec(key) ?? [];
  if (checksum === undefined || sha256(`${key_id}_${secret}`).slice(0, 8) !== checksum) return undefined;
  return { key_id, secret_hash: sha256(secret) };
}

/** Makes the keys of the configuration known to a project, by their hashes; answers what is wrong with any of them. */
export async function importKeys(database: Database, project: string, keys: readonly ChosenKey[]): Promise<string[]> {
  const project_id = await database.call('open_project', { p_name: project });
  const complaints: string[] = [];
  for (const { agent, key } of keys) {
    const { key_id, secret_hash } = keyParts(key) as KeyParts;
    const name = agent ?? `cloud-${key_id.slice(0, 4)}`;
    const row = { p_project_id: project_id, p_key_id: key_id, p_secret_hash: secret_hash, p_agent: name };
    const { live } = (await database.call('import_key', row)) as { live: boolean };
    if (!live) {
      complaints.push(
        `The key ${key_id} of COORDINATION_API_KEYS (${name}) does not work: it was revoked, or is of another project.`,
      );
    }
  }
  return complaints;
}
