/** Texts come from other agents: none may look like a heading, a link or a picture of whoever reads the document. */
export function inline(text: string): string {
  return (
    text
      .replace(/[\\`*_{}[\]<>|#!~]/g, '\\$&')
      // What is a link without more, where Markdown is read as GitHub reads it.
      .replace(/\b(?:https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.)/gi, '$&\\')
      .replace(/\s+/g, ' ')
      .trim()
      // A line of these below another one makes it a heading.
      .replace(/^[=-]/, '\\$&')
  );
}

/** A path or an id, as it is. */
export function code(text: string): string {
  const fence = '`'.repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const padding = fence.length > 1 ? ' ' : '';
  return `${fence}${padding}${text.replace(/\s+/g, ' ').replaceAll('|', '\\|')}${padding}${fence}`;
}

/** A longer text, each of its lines marked as somebody's words. */
export function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${inline(line)}`.trimEnd())
    .join('\n');
}

/** A heading with what stands below it; nothing when that is nothing. */
export function section(heading: string, blocks: readonly string[], level = 2): string[] {
  const filled = blocks.filter((block) => block !== '');
  return filled.length === 0 ? [] : [`${'#'.repeat(level)} ${heading}`, ...filled];
}

export function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

export function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(names), line(names.map(() => '---')), ...rows.map(line)].join('\n');
}
