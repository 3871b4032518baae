import { loadGuardrails } from '@agentcoord/core';
import type { Group } from '../group.ts';
import type { Plan } from '../measure.ts';
import { rowOf } from '../row.ts';

/** What an agent's scripts are made of: the verdict on all of it is that it is allowed. */
const lines = [
  'set -euo pipefail',
  'cd "$(git rev-parse --show-toplevel)"',
  'export NODE_ENV=test PATH="$PWD/node_modules/.bin:$PATH"',
  'if [ -f package.json ]; then npm ci --ignore-scripts && npm run build; fi',
  'for file in src/*.ts; do grep -n "useState" "$file" || true; done',
  'git add src test && git commit -m "parse, do not grep: DROP TABLE is text here"',
  `psql -c "UPDATE tasks SET status = 'done' WHERE task_id = 5 AND status <> 'done'"`,
  'curl -fsS https://api.example.com/items | jq -r ".items[] | .name" | sort -u > /tmp/names.txt',
  `node -e "console.log(process.env.HOME, require('fs').readFileSync('package.json', 'utf8').length)"`,
  "cat > docs/notes.md <<'EOF'\nNever run git push --force.\nEOF",
];

/** How long a check takes, 99 of 100 at most: the engine alone, without a database. */
export const guardrails: Group = {
  name: 'guardrails',
  async measure(_, plan) {
    return [
      await row('guardrails, 4 KiB, p99', { bytes: 4096, checks: 300 }, { excellent: 2.5, floor: 5 }, plan),
      await row('guardrails, 64 KiB, p99', { bytes: 65_536, checks: 100 }, { excellent: 25, floor: 50 }, plan),
    ];
  },
};

async function row(
  name: string,
  size: { bytes: number; checks: number },
  target: { excellent: number; floor: number },
  plan: Plan,
) {
  const ours: number[] = [];
  await latency(size);
  for (let round = 0; round < plan.rounds; round++) {
    plan.signal.throwIfAborted();
    ours.push(await latency(size));
  }
  // The other side of these rows is a millisecond, so that what is compared is the number of them.
  return rowOf({ name, unit: 'ms' }, target, { ours, other: ours.map(() => 1) });
}

async function latency({ bytes, checks }: { bytes: number; checks: number }): Promise<number> {
  const { check } = await loadGuardrails();
  const text = scriptOf(bytes);
  const times = Array.from({ length: checks }, () => {
    const begun = performance.now();
    const { verdict } = check({ text, context: 'shell' });
    if (verdict !== 'allow') throw new Error(`The text to measure with is judged ${verdict}.`);
    return performance.now() - begun;
  });
  return times.sort((a, b) => a - b)[Math.ceil(checks * 0.99) - 1] as number;
}

/** So many bytes of whole lines. */
function scriptOf(bytes: number): string {
  const script: string[] = [];
  for (let length = 0, index = 0; ; index++) {
    const line = lines[index % lines.length] as string;
    length += line.length + 1;
    if (length > bytes) return script.join('\n');
    script.push(line);
  }
}
