import { optionsOf, report } from '../shell/invocation.ts';
import { longestPath } from '../shell/scope.ts';
import type { Tool } from './index.ts';
import { plainPath } from './paths.ts';

/** Files by which hosts run their hooks, and this product keeps its own: whoever edits them can switch the guard off. */
const guarded = [
  /(^|\/)\.claude\/(settings(\.\w+)?\.json$|hooks(\/|$))/,
  /(^|\/)\.claude\.json$/,
  /(^|\/)\.codex\/(config\.toml|hooks\.json)$/,
  /(^|\/)\.gemini\/settings\.json$/,
  /(^|\/)\.cursor\/(hooks\.json|mcp\.json)$/,
  /(^|\/)\.git\/(hooks(\/|$)|config$)/,
  /(^|\/)\.mcp\.json$/,
  /(^|\/)\.agentcoord(\.json$|\/|$)/,
  /(^|\/)managed-settings\.json$/,
];

export function touchesGuard(path: string): boolean {
  const plain = plainPath(path.slice(-longestPath).replaceAll('\\', '/'));
  return guarded.some((pattern) => pattern.test(plain)) || /(^|\/)\.claude(\/\*?)?$/.test(plain);
}

/** What an agent must not ask of its own coordinator through a shell, where it would be trusted as the user is. */
const reserved =
  /^(down|approve|reject|keys (create|revoke)|key (create|revoke)|approval-rules (set|delete)|guardrails? (set|delete)|guard (set|delete)|polic\w+ (set|delete|rollback|create)|profiles? (set|delete|assign)|projects? (create|delete))\b/;

const agentcoord: Tool = (call) => {
  const { operands } = optionsOf(call.args, '', ['project', 'url', 'home']);
  if (reserved.test(operands.join(' '))) report(call, 'guard_tampering');
};

export const guardTools: Record<string, Tool> = { agentcoord };
