/** Keys and tokens of links, of which somebody may have put one into an address. */
const secrets = /ac_[a-z0-9]{12}_[0-9a-z]+|\b\d+-[\w-]{43}/gi;

/** The path of an address as it may be logged and answered: without query, and without what is secret in it. */
export function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').replace(secrets, '<secret>');
}
