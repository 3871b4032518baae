import type { JsonSchema } from '@agentcoord/contract';

/** What only the command line has: files. By the name of the operation. */
export const fileOptions: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>> = {
  verify_audit: {
    segment: {
      type: 'array',
      items: { type: 'string' },
      description: 'Verify a file that audit export has written, without any database.',
    },
    public_key: {
      type: 'string',
      description: 'Key the checkpoint must be signed with, instead of the one in the home.',
    },
  },
  export_segment: {
    to: { type: 'string', description: 'Folder to write files to.' },
    drop: { type: 'boolean', description: 'Drop what was written and verified, if it is older than 90 days.' },
  },
};
