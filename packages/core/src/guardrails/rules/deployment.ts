import { rulesOf } from './rule.ts';

export const deploymentRules = rulesOf('deployment', {
  kubectl_apply: ['block', 3, 'It changes a cluster.', 'Look with `kubectl diff`; have the change deployed by CI.'],
  kubectl_delete: ['block', 3, 'It deletes from a cluster.', 'Ask for approval, naming each object.'],
  cluster_change: ['block', 3, 'It changes what runs in a cluster.', 'Have the change deployed by CI.'],
  terraform_apply: ['block', 3, 'It changes infrastructure.', 'Make a plan, and ask for approval of that plan.'],
  terraform_destroy: ['block', 4, 'It destroys infrastructure.', 'Ask a person, with the plan.'],
  infrastructure_state: ['block', 3, 'It changes what the tool knows of real infrastructure.', 'Ask a person.'],
  docker_push: ['block', 3, 'It publishes an image.', 'Have CI build and push it.'],
  container_data_loss: ['block', 3, 'It deletes volumes or all that is not running.', 'Remove by name what you made.'],
  container_removal: ['warn', 3, 'It removes containers or images.', 'Make sure that nobody else uses them.'],
  npm_publish: ['block', 3, 'It publishes or withdraws a package.', 'Have CI publish; try with `--dry-run`.'],
  package_publish: ['block', 3, 'It publishes or withdraws a package or a release.', 'Have CI publish it.'],
  deploy: ['block', 3, 'It deploys to where users are.', 'Have CI deploy, or ask for approval.'],
  deploy_script: ['warn', 3, 'By its name it deploys or publishes.', 'Read the script; ask for approval.'],
  cloud_deletion: ['block', 4, 'It deletes resources or data in the cloud.', 'Ask a person, naming each resource.'],
});
