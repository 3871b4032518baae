import { createReadStream } from 'node:fs';
import {
  CoordinationError,
  coordinatorOver,
  exitRefused,
  jsonSchemaOf,
  type Operation,
  operationNamed,
} from '@agentcoord/contract';
import { type Checkpoint, isSigned, publicKeyOf, type SegmentVerdict, SegmentVerifier } from '@agentcoord/core';
import { readable, render } from '../answer.ts';
import { configOf } from '../configuration.ts';
import { commandLineCaller, connect } from '../connection.ts';
import type { Globals } from '../globals.ts';
import { print, printJson, printProgress, terminalWidth } from '../output.ts';

interface Input {
  after_seal?: number;
  checkpoint?: Checkpoint;
  segment?: string[];
  public_key?: string;
}

/** Verifies the journal to its end, or files that were exported from it; exits with 1 when something is wrong. */
export async function verify(input: Input, globals: Globals): Promise<void> {
  const signed = input.checkpoint ? await signatureOf(input.checkpoint, input, globals) : undefined;
  const { segment: files } = input;
  const verdict = files ? await verifyFiles(files, input.checkpoint) : await verifyDatabase(input, globals);
  const answer = { ...verdict, ...signed };
  if (globals.json) printJson(answer);
  else print(render(forPeople(answer), terminalWidth()));
  if (!verdict.intact || signed?.signature === 'invalid') process.exitCode = exitRefused;
}

function forPeople(answer: object): Record<string, unknown> {
  const { output } = operationNamed('verify_audit') as Operation;
  return readable(answer, jsonSchemaOf(output, 'output')) as Record<string, unknown>;
}

async function signatureOf(checkpoint: Checkpoint, { public_key }: Input, globals: Globals) {
  const key = public_key ?? (await publicKeyOf(configOf(globals)));
  const signature = isSigned(checkpoint, key ?? checkpoint.public_key) ? 'valid' : 'invalid';
  const own = 'the key in the checkpoint itself: compare it with the one you were told';
  return { signature, signed_by: key === undefined ? own : key };
}

async function verifyDatabase({ after_seal = 0, checkpoint }: Input, globals: Globals) {
  const config = configOf(globals);
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const coordinator = coordinatorOver(connection.transport);
  const sums = { verified_rows: 0, verified_seals: 0, dropped_rows: 0 };
  for (let next: number | null = after_seal; ; ) {
    const page = await coordinator.verifyAudit({ after_seal: next, ...(checkpoint && { checkpoint }) });
    for (const name of ['verified_rows', 'verified_seals', 'dropped_rows'] as const) sums[name] += page[name];
    next = page.next_seal;
    // A checkpoint that does not fit is known with the first page; which rows are bad, only at the end.
    if (next === null) return { ...page, ...sums };
  }
}

/** Files one after the other, each of which must go on where the one before has ended. */
async function verifyFiles(
  files: readonly string[],
  checkpoint?: Checkpoint,
): Promise<SegmentVerdict & { file: string }> {
  let rows = 0;
  let before: SegmentVerdict | undefined;
  for (const [index, file] of files.entries()) {
    const verdict = await verifyFile(file, checkpoint);
    rows += verdict.verified_rows;
    const follows = !before || verdict.previous_hash === before.seal_hash;
    const isLast = index === files.length - 1;
    const found =
      [before?.checkpoint, verdict.checkpoint].find((word) => word && word !== 'elsewhere') ?? verdict.checkpoint;
    const sum = { ...verdict, file, verified_rows: rows, ...(found && { checkpoint: found }) };
    if (!verdict.intact || isLast || !follows) {
      const gap = {
        intact: false,
        first_bad: { problem: 'seal_missing' as const, seal_number: (before?.last_seal ?? 0) + 1, line: 1 },
      };
      return follows ? sum : { ...sum, ...gap };
    }
    before = sum;
  }
  throw new CoordinationError({ code: 'invalid_input', message: 'segment: is missing', hint: 'Name a file.' });
}

/** Verifies one file, reading it line by line. */
export async function verifyFile(file: string, checkpoint?: Checkpoint): Promise<SegmentVerdict> {
  const verifier = new SegmentVerifier(checkpoint);
  try {
    for await (const line of linesOf(file)) verifier.add(line);
  } catch (cause) {
    throw new CoordinationError(
      {
        code: 'not_found',
        message: `segment: ${file} cannot be read.`,
        hint: 'Name a file that audit export has written.',
      },
      { cause },
    );
  }
  return verifier.end();
}

/** Lines end with a line feed alone: `readline` would end them at U+2028 too, which JSON allows in texts. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
