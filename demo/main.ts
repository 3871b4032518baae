/** `npm run demo`: six agents, one working copy, and the proof that they did not get into each other's way. */
import { once } from 'node:events';
import { Board } from './board.ts';
import { demonstrate, type Outcome } from './demonstration.ts';
import { type Options, readOptions, usage } from './options.ts';
import { summaryOf } from './summary.ts';
import { drawTable, newsLine } from './table.ts';

/** Runs until it is done or interrupted; the exit code. */
async function main(options: Options): Promise<number> {
  await using cleanup = new AsyncDisposableStack();
  const live = process.stdout.isTTY && !options.json;
  const board = new Board((news) => {
    if (!live && !options.json) console.log(newsLine(news));
  });
  const stopDrawing = live ? drawTable(board, options.tasks, process.stdout) : () => {};
  const interrupted = Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
  try {
    const outcome = await Promise.race([demonstrate(options, board, cleanup), interrupted.then(() => undefined)]);
    stopDrawing();
    if (!outcome) {
      console.error('Interrupted: nothing of it is left behind.');
      return 130;
    }
    print(outcome, options);
    return outcome.flawless || !options.coordinated ? 0 : 1;
  } catch (error) {
    stopDrawing();
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

function print(outcome: Outcome, { json }: Options): void {
  console.log(json ? JSON.stringify(outcome, null, 2) : `\n${summaryOf(outcome)}`);
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

const options = optionsOrExit();
if (options.help) console.log(usage);
// An agent in this process may be in the middle of a call that nobody waits for any more.
else process.exit(await main(options));
