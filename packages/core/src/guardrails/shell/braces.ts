/** The alternatives of `{a,b}`; what is more than a plain list stays as it is written. */
export function bracesOf(text: string): string[] {
  const inner = text.slice(1, -1);
  if (/[{}$`'"\\]/.test(inner)) return nested(text);
  if (inner.includes(',')) return inner.split(',');
  return rangeOf(inner) ?? [text];
}

/** `{a,{b,c}}`: the inner lists first. */
function nested(text: string): string[] {
  if (/[$`'"\\]/.test(text)) return partsAt(text.slice(1, -1)).map((part) => part.replace(/['"\\]/g, ''));
  return partsAt(text.slice(1, -1)).flatMap((part) => {
    const [, before = '', list, after = ''] = /^([^{]*)(\{.*\})([^}]*)$/s.exec(part) ?? [];
    return list === undefined ? [part] : bracesOf(list).map((item) => before + item + after);
  });
}

/** Split at the commas outside inner braces. */
function partsAt(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth++;
    if (character === '}') depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function rangeOf(text: string): string[] | undefined {
  const [, first, last] = /^(\d{1,4})\.\.(\d{1,4})$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const length = Math.min(Math.abs(Number(last) - Number(first)) + 1, 64);
  return Array.from({ length }, (_, index) => String(Number(first) + index));
}
