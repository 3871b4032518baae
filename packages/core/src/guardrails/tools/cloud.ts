import type { BuiltInRule } from '../rules/index.ts';
import { optionsOf, report } from '../shell/invocation.ts';
import type { Tool } from './index.ts';

/** What a program does by the words of its command line, options left out: the first pattern that fits counts. */
type Words = readonly (readonly [RegExp, BuiltInRule])[];

const byWords =
  (...rows: Words): Tool =>
  (call) => {
    if (call.args.some((arg) => /^--(help|dry-?run|dryrun|check|noop|what-if|plan|validate-only)(=true)?$/.test(arg)))
      return;
    const words = call.args.filter((arg) => !arg.startsWith('-')).join(' ');
    const rule = rows.find(([pattern]) => pattern.test(words))?.[1];
    if (rule) report(call, rule);
  };

const aws: Tool = (call) => {
  const words = optionsOf(call.args, '', ['profile', 'region', 'output', 'endpoint-url', 'query']).operands.join(' ');
  const all = call.args.join(' ');
  if (call.args.some((arg) => /^--(dry-?run|dryrun)$/.test(arg)) || /(^| )help$/.test(words)) return;
  if (/^s3 rb/.test(words) || (/^s3 rm/.test(words) && /--recursive/.test(all))) report(call, 'cloud_deletion');
  else if (/^s3 sync/.test(words) && /--delete/.test(all)) report(call, 'cloud_deletion');
  else if (/^\S+ (delete|terminate|remove|deregister|purge|destroy|disable)-/.test(words))
    report(call, 'cloud_deletion');
  else if (/^\S+ (wait|get|list|describe)/.test(words)) readsOf(call);
  else if (
    /^(cloudformation (deploy|create-stack|update-stack)|lambda update-function-code|ecs update-service|deploy create-deployment|amplify start-deployment|s3 website)/.test(
      words,
    )
  )
    report(call, 'deploy');
  else if (/^configure get .*secret/.test(words)) report(call, 'secret_disclosure');
};

const readsOf: Tool = (call) => {
  if (/secretsmanager get-secret-value|--with-decryption|kms decrypt|ecr get-login-password$/.test(call.args.join(' ')))
    report(call, 'secret_disclosure');
};

const gcloud = byWords(
  [/\b(delete|destroy|purge)\b/, 'cloud_deletion'],
  [/^(app deploy|run deploy|functions deploy|builds submit|run services (update|replace))/, 'deploy'],
  [/^auth (application-default )?print-(access|identity)-token|^secrets versions access/, 'secret_disclosure'],
);

const github: Tool = (call) => {
  const words = call.args.filter((arg) => !arg.startsWith('-')).join(' ');
  const method = optionsOf(call.args, 'XfFHq', ['method', 'field', 'raw-field', 'header', 'jq']).values;
  const verb = (method.get('X') ?? method.get('method') ?? [''])[0]?.toUpperCase();
  if (/^repo (delete|archive)/.test(words)) report(call, 'repository_deletion');
  else if (/^repo edit/.test(words) && /--visibility/.test(call.args.join(' '))) report(call, 'repository_deletion');
  else if (/^api/.test(words) && verb === 'DELETE') report(call, 'cloud_deletion');
  else if (/^release (delete|create|upload|edit)/.test(words)) report(call, 'package_publish');
  else if (/^auth token/.test(words)) report(call, 'secret_disclosure');
  else if (/^(secret|variable) delete/.test(words)) report(call, 'cloud_deletion');
};

const supabase: Tool = (call) => {
  const words = call.args.filter((arg) => !arg.startsWith('-')).join(' ');
  const linked = call.args.some((arg) => /^--(linked|db-url|remote)/.test(arg));
  if (/^db reset/.test(words)) report(call, linked ? 'database_reset' : 'generated_files_delete');
  else if (/^projects delete|^branches delete/.test(words)) report(call, 'cloud_deletion');
  else if (
    /^(db push|functions deploy|config push|secrets set)/.test(words) &&
    !call.args.includes('--dry-run') &&
    !call.args.includes('--local')
  )
    report(call, 'deploy');
};

const production: Tool = (call) => {
  const text = call.args.join(' ');
  if (/(^| )(remove|rm|delete)( |$)|sites:delete/.test(text)) report(call, 'cloud_deletion');
  else if (/--prod(uction)?\b|^deploy --prod|^promote|^alias set/.test(text)) report(call, 'deploy');
};

export const cloudTools: Record<string, Tool> = {
  aws,
  gcloud,
  gsutil: byWords([/^(rm|rb)\b/, 'cloud_deletion'], [/^(-m )?(rsync -d)/, 'cloud_deletion']),
  bq: byWords([/^rm\b/, 'cloud_deletion']),
  az: byWords(
    [/\b(delete|purge)\b/, 'cloud_deletion'],
    [/^(webapp (up|deploy)|functionapp deploy|deployment \w+ create)/, 'deploy'],
    [/^keyvault secret show|^account get-access-token/, 'secret_disclosure'],
  ),
  doctl: byWords([/\b(delete|rm|destroy)\b/, 'cloud_deletion'], [/^apps (create|update)/, 'deploy']),
  linode: byWords([/\bdelete\b/, 'cloud_deletion']),
  hcloud: byWords([/\bdelete\b/, 'cloud_deletion']),
  eksctl: byWords([/^delete/, 'cloud_deletion'], [/^(create|upgrade)/, 'cluster_change']),
  gh: github,
  glab: github,
  hub: github,
  heroku: byWords(
    [/^(apps:destroy|addons:destroy|pg:reset|destroy)/, 'cloud_deletion'],
    [/^(container:release|pipelines:promote|rollback|releases:rollback)/, 'deploy'],
    [/^config(:get)?\b/, 'secret_disclosure'],
  ),
  fly: byWords([/\b(destroy|delete)\b/, 'cloud_deletion'], [/^(deploy|launch)/, 'deploy']),
  flyctl: byWords([/\b(destroy|delete)\b/, 'cloud_deletion'], [/^(deploy|launch)/, 'deploy']),
  railway: byWords([/^(delete|down)/, 'cloud_deletion'], [/^(up|deploy|redeploy)/, 'deploy']),
  render: byWords([/^deploys create/, 'deploy']),
  vercel: production,
  vc: production,
  netlify: production,
  wrangler: byWords([/(^| )delete\b/, 'cloud_deletion'], [/^(deploy|publish|pages deploy|rollback)/, 'deploy']),
  firebase: byWords(
    [/\b(delete|disable)\b|:(delete|disable)/, 'cloud_deletion'],
    [/^(deploy|hosting:clone)/, 'deploy'],
  ),
  amplify: byWords([/^(delete|remove)/, 'cloud_deletion'], [/^(push|publish)/, 'deploy']),
  serverless: byWords([/^remove/, 'cloud_deletion'], [/^deploy/, 'deploy']),
  sls: byWords([/^remove/, 'cloud_deletion'], [/^deploy/, 'deploy']),
  sam: byWords([/^delete/, 'cloud_deletion'], [/^(deploy|sync)/, 'deploy']),
  sst: byWords([/^remove/, 'cloud_deletion'], [/^deploy/, 'deploy']),
  eb: byWords([/^terminate/, 'cloud_deletion'], [/^deploy/, 'deploy']),
  cap: byWords([/deploy/, 'deploy']),
  kamal: byWords(
    [/^(remove|app remove|accessory remove)/, 'cloud_deletion'],
    [/^(deploy|redeploy|setup|rollback)/, 'deploy'],
  ),
  'ansible-playbook': byWords([/./, 'deploy']),
  nomad: byWords([/^(job stop|stop|system gc)/, 'cluster_change'], [/^(job run|run)/, 'cluster_change']),
  vault: byWords(
    [/^(kv get|read)/, 'secret_disclosure'],
    [/^(kv (delete|destroy)|delete|secrets disable)/, 'cloud_deletion'],
  ),
  consul: byWords([/^kv delete/, 'cloud_deletion']),
  etcdctl: byWords([/^del\b/, 'cloud_deletion']),
  op: byWords([/^(read|item get)/, 'secret_disclosure'], [/^item delete/, 'cloud_deletion']),
  pass: byWords([/^(show|rm)/, 'secret_disclosure']),
  security: byWords(
    [/^(find-(generic|internet)-password|dump-keychain|export)/, 'private_key'],
    [/^delete/, 'private_key'],
  ),
  gpg: (call) =>
    /--export-secret-(sub)?keys|--delete-secret/.test(call.args.join(' ')) ? report(call, 'private_key') : undefined,
  supabase,
};
