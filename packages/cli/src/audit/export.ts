import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CoordinationError, type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { refusalOfFile, segmentLines } from '@agentcoord/core';
import { render } from '../answer.ts';
import { configOf } from '../configuration.ts';
import { commandLineCaller, connect } from '../connection.ts';
import type { Globals } from '../globals.ts';
import { print, printJson, printProgress, terminalWidth } from '../output.ts';
import { verifyFile } from './verify.ts';

interface Input {
  after_seal?: number;
  older_than_days?: number;
  to?: string;
  drop?: boolean;
}

/** What a file has, or a little more: it can be dropped in one call, which proves all of its rows, and 50,000 at most. */
const [rowsOfFile, charactersOfFile] = [20_000, 32_000_000];

/** Writes the sealed journal to files, verifies each, and with `drop` has the database let go of what is in them. */
export async function exportSegments(input: Input, globals: Globals): Promise<void> {
  const { to = '.', drop = false, older_than_days = drop ? 90 : undefined } = input;
  const config = configOf(globals);
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const coordinator = coordinatorOver(connection.transport);
  const { project } = await coordinator.exportCheckpoint();
  await mkdir(to, { recursive: true });
  const files = [];
  for (let next: number | null = input.after_seal ?? 0; next !== null; ) {
    const file = await writeFile(coordinator, { project, to, after_seal: next, older_than_days });
    if (!file) break;
    if (drop) {
      const { last_seal, sha256: file_hash } = file;
      await coordinator.dropSegment({ last_seal, file_hash, ...(older_than_days && { older_than_days }) });
    }
    files.push({ ...file, dropped: drop });
    next = file.next_seal;
  }
  const answer = { files: files.map(({ next_seal: _, ...file }) => file) };
  if (globals.json) printJson(answer);
  else print(files.length > 0 ? render(answer, terminalWidth()) : 'nothing to export');
}

interface Part {
  project: string;
  to: string;
  after_seal: number;
  older_than_days: number | undefined;
}

/** One file; undefined when there is nothing for it. Nobody ever sees half of one, or a bad one, under its name. */
async function writeFile(coordinator: Coordinator, part: Part) {
  const draft = join(part.to, `.audit-${process.pid}`);
  try {
    const written = await writeDraft(coordinator, draft, part);
    if (!written) return undefined;
    const { intact, first_bad } = await verifyFile(draft);
    if (!intact) throw unfaithful(first_bad);
    const sha256 = await hashOf(draft);
    const { first_seal, last_seal } = written;
    const name = `${part.project.replace(/[^A-Za-z0-9.]+/g, '-')}-${first_seal}-${last_seal}.jsonl`;
    const file = join(part.to, name);
    await rename(draft, file);
    return { file, ...written, sha256 };
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(coordinator: Coordinator, draft: string, { project, after_seal, older_than_days }: Part) {
  const seals: number[] = [];
  let [rows, characters] = [0, 0];
  let next_seal: number | null = after_seal;
  const handle = await open(draft, 'w', 0o600).catch((error) => {
    throw refusalOfFile(error, draft);
  });
  try {
    while (next_seal !== null && rows < rowsOfFile && characters < charactersOfFile) {
      const page = await coordinator.exportSegment({
        after_seal: next_seal,
        ...(older_than_days && { older_than_days }),
      });
      const lines = [...segmentLines({ project, project_id: page.project_id }, page, seals.length === 0)].join('\n');
      if (page.seals.length > 0) await handle.write(`${lines}\n`);
      characters += lines.length;
      seals.push(...page.seals.map(({ seal_number }) => seal_number));
      rows += page.entries.length;
      next_seal = page.next_seal;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const [first_seal, last_seal] = [seals[0], seals.at(-1)];
  return first_seal === undefined || last_seal === undefined ? undefined : { first_seal, last_seal, rows, next_seal };
}

function unfaithful(first_bad: unknown): CoordinationError {
  return new CoordinationError({
    code: 'conflict',
    message: `What the database has exported is not what it has sealed: ${JSON.stringify(first_bad)}.`,
    hint: 'Nothing was dropped. Run agentcoord audit verify, and keep a backup of the database.',
  });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
