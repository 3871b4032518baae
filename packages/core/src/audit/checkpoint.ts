import { createPublicKey, sign, verify } from 'node:crypto';
import type { Handler } from '../handlers.ts';
import { publicText } from './signing_key.ts';

/** The head of a project's chain of seals at one moment, signed; what `export_checkpoint` answers. */
export interface Checkpoint {
  format: string;
  project: string;
  seal_number: number;
  seal_hash: string;
  total_rows: number;
  cursor: string;
  sealed_at: string;
  signed_at: string;
  public_key: string;
  signature: string;
}

/** What is signed, in this order: the values, each followed by a line feed. No value has one itself. */
const signedFields = [
  'format',
  'project',
  'seal_number',
  'seal_hash',
  'total_rows',
  'cursor',
  'sealed_at',
  'signed_at',
] as const satisfies readonly (keyof Checkpoint)[];

/** Signs the head that the database answers, with the key of this coordinator, which the database never sees. */
export const signCheckpoint: Handler = async ({ database, store }) => {
  if (!database.signingKey) throw new Error('This database was opened without a key to sign with.');
  const key = await database.signingKey();
  const head = (await store({ public_key: publicText(key), signed_at: new Date().toISOString() })) as Omit<
    Checkpoint,
    'signature'
  >;
  return { ...head, signature: sign(null, signedText(head), key).toString('base64') };
};

/** True when somebody who has the private key that goes with this public one has signed the checkpoint as it is. */
export function isSigned(checkpoint: Checkpoint, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
    return (
      key.asymmetricKeyType === 'ed25519' &&
      checkpoint.format === 'agentcoord-checkpoint-1' &&
      verify(null, signedText(checkpoint), key, Buffer.from(checkpoint.signature, 'base64'))
    );
  } catch {
    // Something that is no key.
    return false;
  }
}

function signedText(checkpoint: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(signedFields.map((field) => `${checkpoint[field]}\n`).join(''));
}
