import type { BuiltInRule } from '../rules/index.ts';

const examples = /\.(example|sample|template|dist|defaults?|schema|d\.ts|md|test|spec|enc|age|gpg|sops)$/i;

/** What the names below have in common: most words are none of them, and are asked for often. */
const suspicious =
  /ssh|id_|shadow|sudoers|gnupg|env|secret|cred|service|rc$|rc[*?]|pass|cnf|cfg|boto|docker|kube|aws|azure|config|key|pem|p12|pfx|jks|kdbx|ppk|tfvars|history|vault/i;

/** Which rule protects a file, if one does. */
export function secretIn(
  path: string,
): Extract<BuiltInRule, 'env_file' | 'secret_file' | 'ssh_key' | 'private_key'> | undefined {
  // No system takes a longer path, and its end is what counts.
  const short = path.slice(-4096);
  if (!suspicious.test(short)) return undefined;
  const plain = short.replaceAll('\\', '/').replace(/(?<![*?])[*?]+$/, '');
  const name = plain.split('/').at(-1) ?? '';
  if (
    /^id_(rsa|dsa|ecdsa|ed25519)(_sk)?(\.old|\.bak)?$/.test(name) ||
    /(^|\/)\.ssh(\/|\/(?!authorized_keys)(id_|[\w-]*key)(?!.*\.pub$).*)?$/.test(plain)
  ) {
    return 'ssh_key';
  }
  if (
    /^\/etc\/(shadow|gshadow|sudoers)-?$|(^|\/)\.gnupg\/(private-keys|secring)|\/etc\/ssh\/ssh_host_\w+_key$/.test(
      plain,
    )
  ) {
    return 'private_key';
  }
  if (examples.test(name)) return undefined;
  if (/^\.env(\.|$)|^\.envrc$|^\w+\.env$/.test(name)) return 'env_file';
  return secretNames.some((pattern) => pattern.test(plain)) ? 'secret_file' : undefined;
}

const secretNames = [
  /(^|\/)(secrets?|credentials?)(\.(json|ya?ml|toml|ini|txt|env|xml|properties|csv|yml\.enc))?$/i,
  /(^|\/)(client_secret|service[-_]?account)[\w.-]*\.json$/i,
  /(^|\/)\.(netrc|pgpass|my\.cnf|npmrc|pypirc|git-credentials|htpasswd|vault-token|dockercfg|s3cfg|boto)$/,
  /(^|\/)\.docker\/config\.json$/,
  /(^|\/)\.kube\/config$/,
  /(^|\/)kubeconfig(\.ya?ml)?$/i,
  /(^|\/)\.aws\/(credentials|config)$/,
  /(^|\/)\.config\/(gh\/hosts\.yml|op\/config)$/,
  /(^|\/)\.config\/gcloud\/.*credential/,
  /(^|\/)\.azure\/\w*[tT]oken\w*\.json$/,
  /\.(pem|p12|pfx|jks|keystore|kdbx|ppk|key)$/i,
  /(^|\/)master\.key$/,
  /(^|\/)terraform\.tfvars$/,
  /(^|\/)\.(bash|zsh|psql|mysql|python)_history$/,
  /^\/proc\/(self|\d+|\*)\/environ$/,
];
