import { join } from 'node:path';
import { fuzz as fuzzed } from '../fuzz/fuzz.ts';
import type { Proof } from '../proof.ts';
import { openStage } from '../stage.ts';

/** 2,000 of them are in every run of the tests: test/fuzz.test.ts. */
const inputs = 20_000;

/** Proof 14: what comes in may be anything. */
export const fuzz: Proof = {
  name: 'fuzz',
  title: `${inputs.toLocaleString('en')} inputs made from the schemas and spoiled, over HTTP, MCP over HTTP and MCP on stdio`,
  promises: ['S5'],
  seconds: 240,
  async run(setting) {
    await using stage = await openStage(setting);
    const home = join(stage.cluster.folder, 'home');
    const { dice, scale, signal } = setting;
    const begun = performance.now();
    const plan = { inputs: Math.max(100, Math.round(inputs * scale)), dice, signal };
    const { figures, findings } = await fuzzed({ ...stage, home }, plan);
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { figures: { seconds, ...figures }, findings: [...findings, ...stage.violations.findings()] };
  },
};
