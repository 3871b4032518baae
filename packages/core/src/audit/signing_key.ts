import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CoordinationError } from '@agentcoord/contract';
import type { Config } from '../config.ts';
import { refusalOfFile } from '../embedded/index.ts';

/**
 * The Ed25519 key with which this coordinator signs checkpoints: that of `AGENTCOORD_SIGNING_KEY`, else the one in
 * `audit-key.pem` of the home, which is made when it is first needed and which only its owner may read. Throws
 * `CoordinationError`.
 */
export async function signingKey({ home, signing_key }: Pick<Config, 'home' | 'signing_key'>): Promise<KeyObject> {
  if (signing_key !== undefined) return keyIn(Buffer.from(signing_key, 'base64'), 'AGENTCOORD_SIGNING_KEY');
  const path = keyFile(home);
  try {
    return keyIn(await readOrMake(path), path);
  } catch (error) {
    throw error instanceof CoordinationError ? error : refusalOfFile(error, path);
  }
}

/** Where the key of a coordinator lies that has none in its environment. */
const keyFile = (home: string) => join(home, 'audit-key.pem');

async function readOrMake(path: string): Promise<Buffer> {
  const text = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (!text) return make(path);
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return text;
  throw new CoordinationError({
    code: 'forbidden',
    message: `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): whoever has it can sign checkpoints.`,
    hint: `If nobody did, run \`chmod 600 '${path}'\`; else delete it, and tell those who keep checkpoints of the new key.`,
  });
}

/** Of several processes that make it at once, the first one's stays. */
async function make(path: string): Promise<Buffer> {
  const draft = `${path}.${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('ed25519');
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(draft);
  }
  return readFile(path);
}

/** PEM, or PKCS 8 in DER. */
function keyIn(bytes: Buffer, where: string): KeyObject {
  try {
    const isPem = bytes.subarray(0, 5).toString() === '-----';
    const key = createPrivateKey(isPem ? bytes : { key: bytes, type: 'pkcs8', format: 'der' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // What it says may hold the key.
  }
  throw new CoordinationError({
    code: 'invalid_input',
    message: `${where} is no Ed25519 key.`,
    hint: 'Make one: openssl genpkey -algorithm ed25519 (a file), or with `-outform DER | base64 -w0` (the variable).',
  });
}

/** The public half, as checkpoints carry it: SPKI, DER, base64. */
export function publicText(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
}

/** The public key of this coordinator, without making one; undefined when it has none. */
export async function publicKeyOf(config: Pick<Config, 'home' | 'signing_key'>): Promise<string | undefined> {
  if (config.signing_key === undefined && !existsSync(keyFile(config.home))) return undefined;
  return publicText(await signingKey(config));
}
