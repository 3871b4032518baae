import {
  attachmentNames,
  type JsonSchema,
  jsonSchemaOf,
  methodName,
  type Operation,
  operations,
  routeOf,
  toolsets,
} from '@agentcoord/contract';

const trustNames = ['untrusted', 'limited', 'standard', 'elevated', 'administrator'] as const;

/** The reference of all operations, for docs/operations.md. */
export function referenceText(): string {
  const contents = operations.map(({ name, summary }) => `- [\`${name}\`](#${name}): ${summary}`);
  return `<!-- GENERATED from packages/contract by \`npm run fix\`; do not edit. -->

# Operations

What every door offers. One operation has one name: the SQL function, the MCP tool, the OpenAPI \`operationId\` and the
heading here. Each may answer an error; see [errors](errors.md). Each answer may also carry \`notices\`, what happened to
the session meanwhile (\`kind\`, \`message\`, \`happened_at\`), and \`degraded\`, when the fallback database answers.

${contents.join('\n')}

## The toolsets

Groups of operations. MCP clients see the default ones; \`AGENTCOORD_TOOLSETS\` names others, or \`all\`.

${table(['toolset', 'default', 'what for'], toolsetRows())}

${operations.map(section).join('\n')}`;
}

function toolsetRows(): string[][] {
  return Object.entries(toolsets).map(([name, { default: isDefault, about }]) => [
    `\`${name}\``,
    isDefault ? 'yes' : 'no',
    about,
  ]);
}

function section(operation: Operation): string {
  const { method, path } = routeOf(operation);
  const paragraphs = [
    `## ${operation.name}`,
    operation.summary,
    ...(operation.guidance ? [operation.guidance] : []),
    table(
      ['', ''],
      [
        ['HTTP', `\`${method} /v1${path}\``],
        ['command', commandsOf(operation)],
        ['client', `\`coordinator.${methodName(operation.name)}(…)\``],
        ['MCP toolset', operation.toolset],
        ['kind', operation.kind],
        ['least trust', `${operation.minimumTrust} (${trustNames[operation.minimumTrust]})`],
      ],
    ),
    fields('Input', jsonSchemaOf(operation.input, 'input')),
    fields('Output', ownFields(jsonSchemaOf(operation.output, 'output'))),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function commandsOf({ cli, shortcuts = {} }: Operation): string {
  return [cli, ...Object.keys(shortcuts)].map((line) => `\`agentcoord ${line}\``).join(', ');
}

/** Without what every answer may carry. */
function ownFields({ properties = {}, ...rest }: JsonSchema): JsonSchema {
  const own = Object.entries(properties).filter(([name]) => !attachmentNames.includes(name));
  return { ...rest, properties: Object.fromEntries(own) };
}

function fields(title: string, schema: JsonSchema): string {
  const rows = fieldRows(schema, '');
  return `### ${title}\n\n${rows.length ? table(['field', 'type', 'meaning'], rows) : 'None.'}`;
}

function fieldRows(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const optional = schema.required?.includes(name) ? '' : ' (optional)';
    const path = `${prefix}${name}`;
    const inner = field.items?.properties ? field.items : field;
    const innerPrefix = inner === field ? `${path}.` : `${path}[].`;
    return [[`\`${path}\`${optional}`, typeOf(field), meaningOf(field)], ...fieldRows(inner, innerPrefix)];
  });
}

function typeOf(field: JsonSchema): string {
  if (field.anyOf) return field.anyOf.map(typeOf).join(' or ');
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ');
  if (field.items) return `list of ${typeOf(field.items)}${range(field.minItems, field.maxItems, ' items')}`;
  const type = field.format === 'date-time' ? 'instant' : (field.type ?? 'any');
  return `${type}${range(field.minimum, field.maximum, '')}${range(field.minLength, field.maxLength, ' characters')}`;
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  const shownMost = most === Number.MAX_SAFE_INTEGER ? undefined : most;
  if (shownMost === undefined) return least === undefined ? '' : `, at least ${least}${unit}`;
  return least === undefined ? `, at most ${shownMost}${unit}` : `, ${least} to ${shownMost}${unit}`;
}

function meaningOf(field: JsonSchema): string {
  const described = field.description ?? field.anyOf?.find(({ description }) => description)?.description ?? '';
  return field.default === undefined ? described : `${described} Default \`${JSON.stringify(field.default)}\`.`.trim();
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
