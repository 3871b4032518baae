import { errorBodyOf } from '@agentcoord/contract';

/** What came back for one input. */
export interface Verdict {
  /** True when nothing may have changed. */
  refused: boolean;
  /** Why this should not have been answered so; undefined when it may. */
  problem?: string;
}

/** Words that only a defect lets out. */
const leaks = /\bat [^"]{1,200}\.(ts|js|mjs):\d+|PostgresError|node_modules|FST_ERR|ERR_[A-Z]|ZodError|plpgsql/;

/** A client's mistake has a code of its own; these two say that something broke. */
const defects = ['internal', 'unavailable'];

export function judgeHttp(status: number, text: string, isHead: boolean): Verdict {
  if (status >= 500) return { refused: true, problem: `answered ${status}: ${text.slice(0, 300)}` };
  const leak = leaks.exec(text)?.[0];
  if (leak !== undefined) return { refused: true, problem: `lets out: ${leak}` };
  if (status < 400) return { refused: false };
  if (isHead) return { refused: true };
  const error = errorBodyOf(parsed(text));
  if (!error?.hint) return { refused: true, problem: `${status} without an envelope: ${text.slice(0, 300)}` };
  if (defects.includes(error.code)) return { refused: true, problem: `${error.code}: ${error.message}` };
  return { refused: true };
}

interface Answer {
  id?: unknown;
  result?: { isError?: boolean; content?: { text?: string }[] };
  error?: { code: number; message: string; data?: unknown };
}

/** Judges a message of an MCP server. */
export function judgeMessage(text: string): Verdict & { id?: unknown } {
  const leak = leaks.exec(text)?.[0];
  if (leak !== undefined) return { refused: true, problem: `lets out: ${leak}` };
  const answer = parsed(text) as Answer | undefined;
  if (typeof answer !== 'object' || answer === null)
    return { refused: true, problem: `no JSON: ${text.slice(0, 300)}` };
  const { id, result, error } = answer;
  if (error) {
    const broken = error.code === -32_603 || defects.includes(errorBodyOf(error.data)?.code ?? '');
    return { id, refused: true, ...(broken ? { problem: `internal: ${error.message}` } : {}) };
  }
  if (!result?.isError) return { id, refused: false };
  const envelope = errorBodyOf(parsed(result.content?.[0]?.text ?? ''));
  if (!envelope) return { id, refused: true, problem: `an error without an envelope: ${text.slice(0, 300)}` };
  const broken = defects.includes(envelope.code);
  return { id, refused: true, ...(broken ? { problem: `${envelope.code}: ${envelope.message}` } : {}) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
