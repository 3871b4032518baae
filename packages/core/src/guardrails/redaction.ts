/** Names of values that are secret; the short ones as words of their own. */
const named =
  '(?:password|passwd|passphrase|passcode|pwd|(?<![a-z])(?:pass|(?:pw|t?otp)(?![a-z]))|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|auth|storepass|keypass|sshpass)';
/** Such a value; the name of a scheme is none, nor what is redacted already. */
const value = '(?!(?:bearer|basic|digest)\\b|\\[redacted\\])[^\\s"\'&|;]{4,}';

const secrets: readonly RegExp[] = [
  /\b(?:ghp|gho|ghs|ghu|github_pat|glpat|xox[abpr]|sk|pk|rk|sbp|sb_secret|npm|pypi|AKIA|ASIA|AIza|ac)[-_]?[A-Za-z0-9_-]{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  // Before the names of values, which would take the scheme for the secret.
  /(?<=\b(?:Bearer|Basic|Digest)\s+)[\w.~+/=-]{4,}/gi,
  new RegExp(`(?<=${named}[\\w-]{0,40}["']?\\s*[:=]\\s*["']?)${value}`, 'gi'),
  // Behind a space some names count only as those of an option or a setting: `secret generic` holds none.
  new RegExp(`(?<=(?:password|passwd|passphrase|pwd|token|[-_]key)[\\w-]{0,40}["']?\\s+["']?)${value}`, 'gi'),
  new RegExp(`(?<=[-_:.]${named}[\\w-]{0,40}["']?\\s+["']?)${value}`, 'gi'),
  // No resource has such a name, with letters of both kinds and digits: `delete secret db-credentials` names one.
  /(?<=\b(?:secret|credentials?|auth)["']?\s+["']?)(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[^\s"'&|;/]{8,}/g,
  /(?<=\b(?:pass|hexkey):)[^\s"']+/g,
  // One-time passwords are short.
  /(?<=\b[\w-]{0,20}(?:otp|passcode)["']?(?:\s*[:=]\s*|\s+)["']?)\d{4,10}\b/gi,
  /(?<=--from-literal[= ]["']?[\w.-]{1,100}=)[^\s"']+/g,
  /(?<=:\/\/)[^\s:/@]{8,}(?=@)/g,
  /(?<=:\/\/[^\s:/@]{0,100}:)[^\s@/]+(?=@)/g,
  /(?<=(?:^|\s)(?:-u|--user|--proxy-user|--auth)[ =]["']?[^\s:"'%]{0,100}:)[^\s"']+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END|$)/g,
  /(?<![\w/.-])(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Z])[A-Za-z0-9+/_-]{40,}={0,2}/g,
];

/** Passwords behind the short option of a program that has one; read forwards, as a look behind would try each place. */
const ofPrograms: readonly RegExp[] = [
  option(
    'mysql|mysqladmin|mysqldump|mariadb|mariadb-dump|mycli|sshpass|twine|login|mongo|mongosh|mongodump|mongorestore|mosquitto_pub',
    '-p\\s*',
  ),
  option('(?:redis|valkey)-cli', '-a\\s*'),
  option('openssl', '-(?:k|K|hmac)\\s+'),
  option('zip|unzip|zipcloak|sqlcmd|ipmitool', '-[A-Za-z]*P\\s*'),
  option('7z[arz]?|rar|unrar', '-h?p'),
  option('curl', '-[A-Za-z]*[uU]\\s*["\']?[^\\s:]{0,100}:'),
  option('https?', '-a\\s*["\']?[^\\s:]{0,100}:'),
  option('ldapsearch|ldapmodify|ldapadd', '-w\\s*'),
  option('smbclient', '-U\\s*[^\\s%]{0,100}%'),
];

/** Where a value begins behind an option of one of the programs, in the same command. */
function option(programs: string, name: string): RegExp {
  return new RegExp(`(\\b(?:${programs})\\b[^|;&]{0,200}?\\s${name}["']?)[^\\s"'-][^\\s"']*`, 'g');
}

const longest = 200;

/** A part of a text for people to read: on one line, short, and without what looks like a secret. */
export function excerpt(text: string): string {
  // What is not known stands as a control character.
  let shown = text
    .slice(0, 2000)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  for (const secret of ofPrograms) shown = shown.replace(secret, '$1[redacted]');
  for (const secret of secrets) shown = shown.replace(secret, '[redacted]');
  return [...shown].length > longest ? `${[...shown].slice(0, longest - 1).join('')}…` : shown;
}
