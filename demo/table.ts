import { styleText } from 'node:util';
import type { Board, Row } from './board.ts';

const width = 80;
const interval = 100;
const begun = performance.now();

/** Draws the board over and over in the same place; the answer draws it a last time and stops. */
export function drawTable(board: Board, tasks: number, stream: NodeJS.WriteStream): () => void {
  let drawn = 0;
  const draw = () => {
    const lines = linesOf(board, tasks);
    // Up to the first line of the last table, and away with it.
    stream.write(`${drawn ? `\x1b[${drawn}A` : ''}\x1b[J${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  draw();
  const timer = setInterval(draw, interval);
  return () => {
    clearInterval(timer);
    draw();
  };
}

/** For streams that cannot be redrawn: a line for each piece of news. */
export function newsLine(news: string): string {
  return `${elapsed().padStart(7)}  ${news}`;
}

function linesOf(board: Board, tasks: number): string[] {
  return [
    styleText('bold', columns('AGENT', 'DOOR', 'TASK', 'DOING', 'MAIL', 'DONE')),
    ...board.rows.map(lineOf),
    '',
    `${new Set(board.done).size} of ${tasks} tasks done, ${board.refusals} locks refused, ${elapsed()}`,
    ...board.approvals.map(({ agent, task, by }) => `Approval: ${by} let ${agent} commit task ${task}.`),
    ...board.handoffs.map(
      ({ agent, summary, was_read }) => `Handoff of ${agent}${was_read ? ', read' : ''}: ${summary}`,
    ),
  ];
}

function lineOf(row: Row): string {
  const mail = `${row.wrote}/${row.read}`;
  const line = columns(row.name, row.door, String(row.task ?? ''), row.doing, mail, String(row.done.length));
  if (row.killed) return styleText('red', line);
  if (row.doing.includes('approv')) return styleText('magenta', line);
  if (row.doing.includes('handoff')) return styleText('cyan', line);
  return row.doing.startsWith('waits') ? styleText('yellow', line) : line;
}

function columns(name: string, door: string, task: string, doing: string, mail: string, done: string): string {
  const left = `${name.padEnd(9)} ${door.padEnd(5)} ${task.padStart(4)}  `;
  const right = ` ${mail.padStart(6)} ${done.padStart(5)}`;
  const room = width - left.length - right.length;
  const text = doing.length > room ? `${doing.slice(0, room - 1)}…` : doing;
  return left + text.padEnd(room) + right;
}

function elapsed(): string {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}
