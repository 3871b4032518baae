import { z } from 'zod';

const edit = z.object({
  path: z.string(),
  line: z.string().describe('The line to insert.'),
  place: z.number().describe('Where: 0 is the start of the file, 1 its end.'),
  think_ms: z.number().describe('Milliseconds between reading the file and writing it, as a model needs them.'),
});

/** What a task tells its worker: the `input` of `submit_work`. */
export const assignment = z.object({
  number: z.number(),
  edits: z.array(edit),
  needs_approval: z.boolean().describe('A person has to approve its commit.'),
});

export type Edit = z.infer<typeof edit>;
export type Assignment = z.infer<typeof assignment>;

export interface Task extends Assignment {
  title: string;
  /** Numbers of the tasks that come first. */
  depends_on: number[];
}

/** So few files for so many tasks that agents are bound to meet. */
const sharedFiles = 14;
/** A task needs none of the few before it, so that several can be worked on at once. */
const independent = 5;

/** Makes up tasks that each insert a line into two or three of the same few files; a seed always gives the same plan. */
export function planOf(count: number, seed: number, files: readonly string[]): Task[] {
  const random = randomOf(seed);
  const shared = pick(files, sharedFiles, random);
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const paths = pick(shared, 2 + Math.floor(random() * 2), random);
    const earlier = Array.from({ length: Math.max(0, number - 1 - independent) }, (_, before) => before + 1);
    return {
      number,
      title: `Task ${number}: review ${paths.map((path) => path.split('/').at(-1)).join(', ')}`,
      needs_approval: number === Math.ceil(count / 2),
      depends_on: pick(earlier, 1 + Math.floor(random() * 2), random),
      edits: paths.map((path) => ({
        path,
        line: `// Reviewed in task ${number}.`,
        place: random(),
        think_ms: 120 + Math.floor(random() * 200),
      })),
    };
  });
}

/** Some of the items, each once, in random order. */
function pick<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  const rest = [...items];
  const picked: Item[] = [];
  while (picked.length < count && rest.length > 0) {
    picked.push(...rest.splice(Math.floor(random() * rest.length), 1));
  }
  return picked;
}

/** mulberry32: numbers from 0 to 1 that a seed decides, which Math.random does not offer. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
