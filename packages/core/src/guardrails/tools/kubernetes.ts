import { type Invocation, optionsOf, report } from '../shell/invocation.ts';
import type { Stream } from '../shell/scope.ts';
import { judge, type Tool } from './index.ts';

const valued = [
  'namespace',
  'context',
  'kubeconfig',
  'cluster',
  'user',
  'as',
  'filename',
  'selector',
  'output',
  'container',
  'kustomize',
  'server',
  'token',
  'kube-context',
  'set',
  'values',
  'version',
  'timeout',
];

const changing =
  /^(create|replace|patch|edit|scale|autoscale|set|drain|cordon|uncordon|taint|label|annotate|expose|run|rolling-update)$/;

const kubectl: Tool = (call): Stream | undefined => {
  const options = optionsOf(call.args, 'nfloc', valued);
  const { flags, values } = options;
  const [verb = '', ...rest] = options.operands;
  const dry = values.get('dry-run')?.[0];
  if ((flags.has('dry-run') && dry !== 'none') || flags.has('help')) return;
  if (verb === 'apply') report(call, 'kubectl_apply');
  else if (verb === 'delete') report(call, 'kubectl_delete');
  else if (verb === 'rollout' && /^(restart|undo|pause|resume)$/.test(rest[0] ?? '')) report(call, 'cluster_change');
  else if (changing.test(verb)) report(call, 'cluster_change');
  else if (
    verb === 'get' &&
    /^secrets?(\/|$)/.test(rest[0] ?? '') &&
    /json|yaml|template|jsonpath/.test(String(values.get('o') ?? values.get('output')))
  ) {
    report(call, 'secret_disclosure');
  } else if (verb === 'exec') return inside(call);
};

/** What is run in a container is a command like any other. */
function inside(call: Invocation): Stream | undefined {
  const at = call.args.indexOf('--');
  if (at >= 0 && at + 1 < call.args.length) return judge(call.args.slice(at + 1), { ...call, isContained: true });
}

const helm: Tool = (call) => {
  const { flags, operands } = optionsOf(call.args, 'nf', valued);
  if (flags.has('dry-run') || flags.has('help')) return;
  const [verb = ''] = operands;
  if (/^(uninstall|delete|del|un)$/.test(verb)) report(call, 'kubectl_delete');
  else if (/^(install|upgrade|rollback)$/.test(verb)) report(call, 'cluster_change');
};

const terraform: Tool = (call) => {
  const { args } = call;
  const words = args.filter((arg) => !arg.startsWith('-'));
  const at = words[0] === 'run-all' || words[0] === 'run' ? 1 : 0;
  const [verb = '', sub = ''] = words.slice(at);
  if (args.some((arg) => /^--?help$/.test(arg))) return;
  if (verb === 'destroy' || (verb === 'apply' && args.some((arg) => /^--?destroy$/.test(arg))))
    report(call, 'terraform_destroy');
  else if (verb === 'apply') report(call, 'terraform_apply');
  else if (/^(taint|untaint|import|force-unlock)$/.test(verb)) report(call, 'infrastructure_state');
  else if (verb === 'state' && /^(rm|mv|push|replace-provider)$/.test(sub)) report(call, 'infrastructure_state');
  else if (verb === 'workspace' && sub === 'delete') report(call, 'terraform_destroy');
};

const pulumi: Tool = (call) => {
  const [verb = '', sub = ''] = call.args.filter((arg) => !arg.startsWith('-'));
  if (verb === 'destroy' || (verb === 'stack' && sub === 'rm')) report(call, 'terraform_destroy');
  else if (/^(up|update|import)$/.test(verb)) report(call, 'terraform_apply');
};

export const kubernetesTools: Record<string, Tool> = {
  kubectl,
  k: kubectl,
  oc: kubectl,
  minikube: (call) =>
    call.args[0] === 'delete'
      ? report(call, 'kubectl_delete')
      : call.args[0] === 'kubectl'
        ? kubectl({ ...call, args: call.args.filter((arg, index) => index > 0 && arg !== '--') })
        : undefined,
  microk8s: (call) => (call.args[0] === 'kubectl' ? kubectl({ ...call, args: call.args.slice(1) }) : undefined),
  k3s: (call) => (call.args[0] === 'kubectl' ? kubectl({ ...call, args: call.args.slice(1) }) : undefined),
  kind: (call) => (call.args[0] === 'delete' ? report(call, 'container_removal') : undefined),
  helm,
  helmfile: (call) => {
    const verb = call.args.find((arg) => /^(apply|sync|destroy|delete)$/.test(arg));
    if (verb) report(call, verb === 'apply' || verb === 'sync' ? 'cluster_change' : 'kubectl_delete');
  },
  kustomize: () => undefined,
  skaffold: (call) => (/^(run|deploy|delete)$/.test(call.args[0] ?? '') ? report(call, 'cluster_change') : undefined),
  argocd: (call) =>
    /^app (delete|sync|rollback|set)/.test(call.args.join(' ')) ? report(call, 'cluster_change') : undefined,
  flux: (call) =>
    /^(delete|uninstall|reconcile|suspend)/.test(call.args[0] ?? '') ? report(call, 'cluster_change') : undefined,
  terraform,
  tofu: terraform,
  terragrunt: terraform,
  cdktf: (call) =>
    call.args[0] === 'destroy'
      ? report(call, 'terraform_destroy')
      : call.args[0] === 'deploy'
        ? report(call, 'terraform_apply')
        : undefined,
  cdk: (call) =>
    call.args[0] === 'destroy'
      ? report(call, 'terraform_destroy')
      : call.args[0] === 'deploy'
        ? report(call, 'terraform_apply')
        : undefined,
  pulumi,
};
