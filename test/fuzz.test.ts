import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Dice } from './faults/dice.ts';
import { fuzz } from './faults/fuzz/fuzz.ts';
import { cloneDatabase } from './helpers/database.ts';

/** `npm run faults -- --only fuzz` sends ten times as many. A run replays with the seed that it has printed. */
const inputs = Number(process.env.FUZZ_INPUTS ?? 2000);

test(`${inputs} spoiled inputs at the doors: each is answered, none breaks anything, and what is refused changes nothing`, async () => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
  await using db = await cloneDatabase();
  const home = await mkdtemp(join(tmpdir(), 'coord-fuzz-'));
  try {
    const { figures, findings } = await fuzz({ ...db, home }, { inputs, dice: new Dice(seed) });
    console.log(`FUZZ_SEED=${seed}`, figures);
    expect(findings).toEqual([]);
    expect(figures.refused).toBeGreaterThan(inputs / 3);
    expect(figures.accepted).toBeGreaterThan(inputs / 20);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}, 300_000);
