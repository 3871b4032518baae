/** Keys and tokens of links, of which somebody may have put one where it does not belong. */
const secrets = /ac_[a-z0-9]{12}_[0-9a-z]+|\b\d+-[\w-]{43}/gi;

/** A text as it may be logged and answered: without the keys and tokens in it. */
export const withoutSecrets = (text: string): string => text.replace(secrets, '<secret>');
