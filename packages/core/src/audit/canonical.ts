import { createHash } from 'node:crypto';

/** A journal row as `export_segment` hands it out. */
export interface ExportedEntry {
  cursor: string;
  started_at: string;
  happened_at: string;
  session_id: string | null;
  agent: string | null;
  operation: string;
  outcome: string;
  resource: string;
  detail: string | null;
}

/** A seal as `export_segment` hands it out. */
export interface ExportedSeal {
  seal_number: number;
  first_cursor: string;
  last_cursor: string;
  row_count: number;
  total_rows: number;
  sealed_at: string;
  rows_hash: string;
  previous_hash: string;
  seal_hash: string;
  /** Null when its rows were dropped. */
  leaves: string | null;
}

/** Length of a leaf: transaction, row, hash. */
export const leafLength = 48;

/**
 * What a seal knows of a row: its key, and the hash of its canonical form. This and `sealHash` are docs/audit.md in
 * code, and know nothing of the database; the functions `coord._leaf` and `coord._seal_hash` are the same in SQL.
 */
export function leafOf(project_id: number, entry: ExportedEntry): Buffer {
  const key = keyOf(entry.cursor);
  const row = Buffer.concat([
    integer(project_id),
    key,
    instant(entry.started_at),
    instant(entry.happened_at),
    framed(entry.session_id === null ? null : Buffer.from(entry.session_id.replaceAll('-', ''), 'hex')),
    ...[entry.agent, entry.operation, entry.outcome, entry.resource, entry.detail].map(text),
  ]);
  return Buffer.concat([key, sha256(row)]);
}

/** The hash of a seal over all that it says and the seal before it. */
export function sealHash(project_id: number, seal: ExportedSeal): Buffer {
  return sha256(
    Buffer.concat([
      Buffer.from('agentcoord-seal-1'),
      Buffer.from(seal.previous_hash, 'hex'),
      integer(project_id),
      integer(seal.seal_number),
      keyOf(seal.first_cursor),
      keyOf(seal.last_cursor),
      integer(seal.row_count),
      integer(seal.total_rows),
      instant(seal.sealed_at),
      Buffer.from(seal.rows_hash, 'hex'),
    ]),
  );
}

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

/** Transaction and row of a cursor, 16 bytes that sort as they do. */
export function keyOf(cursor: string): Buffer {
  const [xact_id = '0', entry_id = '0'] = cursor.split('-');
  return Buffer.concat([integer(BigInt(xact_id)), integer(BigInt(entry_id))]);
}

/** The cursor of a key. */
export const cursorOf = (key: Buffer) => `${key.readBigInt64BE(0)}-${key.readBigInt64BE(8)}`;

function integer(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

const epoch = Date.UTC(2000, 0, 1);

/** Microseconds since 2000-01-01 UTC; a `Date` has no more than milliseconds, so the rest is read from the text. */
function instant(iso: string): Buffer {
  const fraction = /\.(\d{1,6})/.exec(iso)?.[1] ?? '';
  const seconds = Date.parse(iso.replace(/\.\d+/, ''));
  if (Number.isNaN(seconds)) throw new Error(`${iso} is no instant.`);
  return integer(BigInt(seconds - epoch) * 1000n + BigInt(fraction.padEnd(6, '0')));
}

const text = (value: string | null) => framed(value === null ? null : Buffer.from(value));

function framed(bytes: Buffer | null): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes?.length ?? -1);
  return bytes === null ? length : Buffer.concat([length, bytes]);
}
