import { hash } from 'node:crypto';

/** What a link is about, as `coord.read_approval_link` tells it. */
export interface LinkedApproval {
  status: 'pending';
  project: string;
  action_type: string;
  description: string;
  payload: unknown;
  payload_hash: string;
  risk: string;
  requested_by: string;
  requested_at: string;
  expires_at: string;
}

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 1rem; color: #111; background: #fff; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { padding: .75rem; border: 1px solid #999; overflow-wrap: anywhere; white-space: pre-wrap; }
textarea { width: 100%; box-sizing: border-box; font: inherit; } button { font: inherit; padding: .75rem 1.5rem; margin: 1rem 1rem 0 0; }
`;

/** Of every page: no script, nothing from elsewhere, in no frame; the address goes to no other site. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; ` +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  // With no-referrer, browsers would send the form without its origin.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
};

/** What will be done, and the two answers. */
export function questionPage(approval: LinkedApproval): string {
  const facts = [
    ['Who asks', approval.requested_by],
    ['Project', approval.project],
    ['Action', approval.action_type],
    ['Risk, as the agent sees it', approval.risk],
    ['What and why', approval.description],
  ].map(([term, text]) => `<dt>${term}</dt><dd>${shown(String(text))}</dd>`);
  return page(
    'An agent asks for approval',
    `<dl>${facts.join('')}</dl>
<h2>Exactly this</h2>
<pre>${shown(JSON.stringify(approval.payload, null, 2))}</pre>
<p>Asked ${timeOf(approval.requested_at)}. Can be answered until ${timeOf(approval.expires_at)}; no answer is no consent.</p>
<form method="post" autocomplete="off">
<label>Reason, for the agent (optional)<textarea name="reason" rows="2" maxlength="2000"></textarea></label>
<button name="decision" value="approve">Approve</button><button name="decision" value="deny">Deny</button>
</form>`,
  );
}

const timeOf = (instant: string) => new Date(instant).toUTCString();

/** A page that says one thing. */
export function messagePage(title: string, text: string): string {
  return page(title, `<p>${shown(text)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${shown(title)}</title><style>${style}</style></head>
<body><h1>${shown(title)}</h1>
${body}
</body></html>
`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as text. Characters that nobody sees, or that turn others round, are named: what is read is what will be done. */
function shown(text: string): string {
  return text
    .replace(
      /(?!\n|\t|\uFE0F)[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/gu,
      (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/[&<>"']/g, (character) => entities[character] as string);
}
