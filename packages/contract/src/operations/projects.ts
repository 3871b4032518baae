import { z } from 'zod';
import { instant } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const project = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.~:/@-]{0,199}$/, 'must be 1 to 200 letters, digits and _ . ~ : / @ -')
  .describe('Name of the project, by default host and path of the git remote: github.com/acme/web.');

export const createProject = defineOperation({
  name: 'create_project',
  summary: 'Create a project.',
  guidance: 'Local agents create theirs by connecting; needed only to hand out keys beforehand.',
  kind: 'write',
  http: 'POST /projects',
  cli: 'projects create <project>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({ project }),
  output: z.object({ project, created: z.boolean().describe('False when it was there already.') }),
});

export const listProjects = defineOperation({
  name: 'list_projects',
  summary: 'List the projects this caller administers.',
  kind: 'read',
  http: 'GET /projects',
  cli: 'projects list',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({}),
  output: z.object({
    projects: z
      .array(z.object({ project, created_at: instant('When it was created.') }))
      .describe('Projects this caller administers.'),
  }),
});
