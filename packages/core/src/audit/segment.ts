import {
  cursorOf,
  type ExportedEntry,
  type ExportedSeal,
  keyOf,
  leafLength,
  leafOf,
  sealHash,
  sha256,
} from './canonical.ts';
import type { Checkpoint } from './checkpoint.ts';

/** The first line of a file. */
interface Header {
  format: string;
  project: string;
  project_id: number;
}

/** Where a file is not what was sealed, in the words of `verify_audit`. */
export interface BadPlace {
  problem: 'changed' | 'missing' | 'added' | 'leaves' | 'seal_changed' | 'seal_missing' | 'unreadable';
  seal_number: number;
  cursor?: string;
  line: number;
}

/** What a file of exported rows is worth. */
export interface SegmentVerdict {
  intact: boolean;
  project?: string;
  verified_rows: number;
  first_seal?: number;
  last_seal?: number;
  /** Of the seal before the first one: the end of the file before. */
  previous_hash?: string;
  /** Of the last good seal: where the next file goes on, and what a checkpoint must agree with. */
  seal_hash?: string;
  first_bad?: BadPlace;
  /** Whether the checkpoint agrees with a seal of this file; `elsewhere` when it names a seal that is not in it. */
  checkpoint?: 'contained' | 'differs' | 'elsewhere';
}

export const segmentFormat = 'agentcoord-segment-1';

/** The lines of a file: a header, then each seal followed by its rows. */
export function* segmentLines(
  header: Omit<Header, 'format'>,
  { seals, entries }: { seals: readonly ExportedSeal[]; entries: readonly ExportedEntry[] },
  isFirst: boolean,
): Generator<string> {
  if (isFirst) yield JSON.stringify({ format: segmentFormat, ...header });
  let next = 0;
  for (const seal of seals) {
    yield JSON.stringify({ seal });
    for (; next < entries.length; next++) {
      const entry = entries[next] as ExportedEntry;
      if (Buffer.compare(keyOf(entry.cursor), keyOf(seal.last_cursor)) > 0) break;
      yield JSON.stringify({ entry });
    }
  }
}

/** Verifies a file line by line, needing nothing but the file, and no more memory than a seal takes. */
export class SegmentVerifier {
  readonly #checkpoint: Checkpoint | undefined;
  readonly #verdict: SegmentVerdict = { intact: true, verified_rows: 0 };
  #header: Header | undefined;
  #seal: ExportedSeal | undefined;
  #leaves: Buffer[] = [];
  #line = 0;

  constructor(checkpoint?: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  /** Takes the next line; what comes after the first bad place is not looked at. */
  add(line: string): void {
    this.#line++;
    if (!this.#verdict.intact) return;
    try {
      this.#take(JSON.parse(line));
    } catch {
      this.#fail('unreadable');
    }
  }

  /** The verdict on all lines. */
  end(): SegmentVerdict {
    if (this.#verdict.intact) this.#closeSeal();
    if (this.#verdict.intact && this.#verdict.last_seal === undefined) this.#fail('unreadable');
    const isElsewhere = this.#checkpoint && this.#verdict.checkpoint === undefined;
    return { ...this.#verdict, ...(isElsewhere ? { checkpoint: 'elsewhere' } : {}) };
  }

  #take(line: { format?: string; seal?: ExportedSeal; entry?: ExportedEntry }) {
    if (!this.#header) {
      if (line.format !== segmentFormat) return this.#fail('unreadable');
      this.#header = line as Header;
      this.#verdict.project = this.#header.project;
    } else if (line.seal) {
      this.#closeSeal();
      if (this.#verdict.intact) this.#openSeal(this.#header, line.seal);
    } else if (line.entry && this.#seal) {
      this.#leaves.push(leafOf(this.#header.project_id, line.entry));
    } else this.#fail('unreadable');
  }

  #openSeal({ project_id }: Header, seal: ExportedSeal) {
    const { last_seal, seal_hash } = this.#verdict;
    if (last_seal !== undefined && seal.seal_number !== last_seal + 1) return this.#fail('seal_missing', last_seal + 1);
    if (sealHash(project_id, seal).toString('hex') !== seal.seal_hash) {
      return this.#fail('seal_changed', seal.seal_number, seal.first_cursor);
    }
    if (seal_hash !== undefined && seal.previous_hash !== seal_hash) return this.#fail('seal_changed', last_seal);
    this.#verdict.first_seal ??= seal.seal_number;
    this.#verdict.previous_hash ??= seal.previous_hash;
    this.#seal = seal;
    this.#leaves = [];
  }

  /** All rows of the open seal were read: compares them with it. */
  #closeSeal() {
    const seal = this.#seal;
    if (!seal) return;
    const leaves = Buffer.concat(this.#leaves);
    if (this.#leaves.length !== seal.row_count || sha256(leaves).toString('hex') !== seal.rows_hash) {
      return this.#failAt(seal);
    }
    this.#verdict.verified_rows += seal.row_count;
    this.#verdict.last_seal = seal.seal_number;
    this.#verdict.seal_hash = seal.seal_hash;
    if (this.#checkpoint?.seal_number === seal.seal_number) this.#compare(this.#checkpoint, seal);
    this.#seal = undefined;
  }

  #compare({ seal_hash, project }: Checkpoint, seal: ExportedSeal) {
    const isSame = seal_hash === seal.seal_hash && project === this.#header?.project;
    this.#verdict.checkpoint = isSame ? 'contained' : 'differs';
    if (!isSame) this.#fail('seal_changed', seal.seal_number, seal.first_cursor);
  }

  /** Finds the first row of the seal that is not the one that was sealed. */
  #failAt({ seal_number, leaves: text, rows_hash, first_cursor }: ExportedSeal) {
    const leaves = Buffer.from(text ?? '', 'base64');
    if (sha256(leaves).toString('hex') !== rows_hash) return this.#fail('leaves', seal_number, first_cursor);
    for (let index = 0; ; index++) {
      const sealed = leaves.subarray(index * leafLength, (index + 1) * leafLength);
      const found = this.#leaves[index] ?? Buffer.alloc(0);
      if (sealed.equals(found)) continue;
      const [sealedKey, foundKey] = [sealed.subarray(0, 16), found.subarray(0, 16)];
      const order = sealed.length && found.length ? Buffer.compare(sealedKey, foundKey) : found.length - sealed.length;
      if (order === 0) return this.#fail('changed', seal_number, cursorOf(foundKey));
      const isMissing = found.length === 0 || (sealed.length > 0 && order < 0);
      return this.#fail(isMissing ? 'missing' : 'added', seal_number, cursorOf(isMissing ? sealedKey : foundKey));
    }
  }

  #fail(problem: BadPlace['problem'], seal_number = this.#seal?.seal_number ?? 0, cursor?: string): void {
    this.#verdict.intact = false;
    this.#verdict.first_bad = { problem, seal_number, ...(cursor ? { cursor } : {}), line: this.#line };
  }
}
