import type { Verdict } from '@agentcoord/core';

/** One recorded command. */
export interface CommandRecord {
  line: number;
  text: string;
}

/** Commands of a record: one a line, or JSON Lines as hosts write them. Lines without a command are left out. */
export function recordsOf(content: string): CommandRecord[] {
  return content.split('\n').flatMap((raw, index) => {
    const text = raw.trim().startsWith('{') ? commandOf(raw) : raw;
    return text === undefined || text.trim() === '' ? [] : [{ line: index + 1, text }];
  });
}

function commandOf(raw: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(raw);
  } catch {
    // A group of the shell begins like that as well.
    return raw;
  }
  return [['command'], ['operation_text'], ['tool_input', 'command'], ['input', 'command'], ['cmd'], ['text']]
    .map((path) => path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], entry))
    .find((value) => typeof value === 'string');
}

interface ReplaySummary {
  commands: number;
  stopped: number;
  warned: number;
  /** How many each rule would have stopped. */
  rules: Record<string, number>;
  examples: { line: number; verdict: string; rule: string | undefined; matched_text: string | undefined }[];
}

interface Judged extends Verdict, CommandRecord {}

/** What the rules would have done, in numbers and line by line. */
export function reportOf(judged: readonly Judged[]): { summary: ReplaySummary; lines: string[] } {
  const stopped = judged.filter(({ safe }) => !safe);
  const warned = judged.filter(({ verdict }) => verdict === 'warn');
  const rules = new Map<string, number>();
  for (const { violations } of stopped) {
    const heavy = violations.filter(
      ({ severity, bypassed }) => !bypassed && (severity === 'block' || severity === 'needs_approval'),
    );
    for (const rule of new Set(heavy.map((violation) => violation.rule))) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  }
  const counts = [...rules].sort(([, a], [, b]) => b - a);
  const examples = stopped.slice(0, 50);
  return {
    summary: {
      commands: judged.length,
      stopped: stopped.length,
      warned: warned.length,
      rules: Object.fromEntries(counts),
      examples: examples.map(({ line, verdict, violations }) => ({
        ...{ line, verdict, rule: violations[0]?.rule, matched_text: violations[0]?.matched_text },
      })),
    },
    lines: [
      `${judged.length} commands: ${stopped.length} would have been stopped, ${warned.length} warned of.`,
      ...counts.map(([rule, count]) => `${rule} would have stopped ${count}`),
      ...(examples.length > 0 ? [''] : []),
      ...examples.map(({ line, violations }) => `line ${line}: ${violations[0]?.rule}: ${violations[0]?.matched_text}`),
      ...(stopped.length > examples.length ? [`and ${stopped.length - examples.length} more`] : []),
    ],
  };
}
