const secrets: readonly RegExp[] = [
  /\b(?:ghp|gho|ghs|ghu|github_pat|glpat|xox[abpr]|sk|pk|rk|sbp|sb_secret|npm|pypi|AKIA|ASIA|AIza|ac)[-_]?[A-Za-z0-9_-]{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  /(?<=(?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|credential|auth)[\w-]{0,40}["']?\s*[:= ]\s*["']?)[^\s"'&|;]{4,}/gi,
  /(?<=\b(?:Bearer|Basic)\s+)[\w.~+/=-]{8,}/gi,
  /(?<=:\/\/[^\s:/@]{0,100}:)[^\s@/]+(?=@)/g,
  /(?<=(?:^|\s)(?:-u|--user)[ =][^\s:]{1,100}:)\S+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END|$)/g,
  /(?<![\w/.-])(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Z])[A-Za-z0-9+/_-]{40,}={0,2}/g,
];

const longest = 200;

/** A part of a text for people to read: on one line, short, and without what looks like a secret. */
export function excerpt(text: string): string {
  // What is not known stands as a control character.
  let shown = text
    .slice(0, 2000)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  for (const secret of secrets) shown = shown.replace(secret, '[redacted]');
  return [...shown].length > longest ? `${[...shown].slice(0, longest - 1).join('')}…` : shown;
}
