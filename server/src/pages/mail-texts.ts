import type { Role } from '@businessos/contract';
import { roleTexts } from './role-and-plan.ts';
import { timeText } from './time.ts';

/** The mails there are. */
export type MailKind = 'signup' | 'signup_known' | 'reset' | 'invitation' | 'email' | 'email_changed';

/** What a mail may speak of; a kind takes what it needs of it. */
export interface MailFacts {
  /** The address it is sent to. */
  readonly email: string;
  /** What it leads to; only `email_changed` leads nowhere. */
  readonly link?: string;
  /** When the link ends (RFC 3339). */
  readonly ends?: string;
  readonly business?: string | undefined;
  readonly inviter?: string | undefined;
  readonly role?: Role | undefined;
}

/** A mail without its envelope; the subject is one line, the text plain with lines ending in LF. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

const texts: Readonly<Record<MailKind, (facts: MailFacts) => readonly [subject: string, ...paragraphs: string[]]>> = {
  signup: (facts) => [
    'Create your business on BusinessOS',
    `Somebody, presumably you, wants to create ${businessOf(facts)} on BusinessOS with this e-mail address. Open this link to choose your name and password:`,
    ...linkOf(facts),
    'If that was not you, there is nothing to do: without the link nothing is created.',
  ],
  signup_known: (facts) => [
    'Create your business on BusinessOS',
    `Somebody, presumably you, wants to create ${businessOf(facts)} on BusinessOS with this e-mail address. You have a password here already, so open this link and use it:`,
    ...linkOf(facts),
    'If that was not you, there is nothing to do: without the link and your password nothing is created.',
  ],
  reset: (facts) => [
    'Choose a new password for BusinessOS',
    'Somebody, presumably you, wants to choose a new password for BusinessOS. Open this link to do so:',
    ...linkOf(facts),
    'If that was not you, there is nothing to do: your password stays as it is. Whoever asked cannot see this mail.',
  ],
  invitation: (facts) => [
    `Invitation to ${businessOf(facts)} on BusinessOS`,
    `${quotable(facts.inviter) ?? 'Somebody who may'} invites you to ${businessOf(facts)} on BusinessOS${facts.role === undefined ? '' : ` as ${roleTexts[facts.role].as}`}. Open this link to see the invitation and to join:`,
    ...linkOf(facts),
    'If you do not know who invites you, there is nothing to do: without the link nobody joins in your name.',
  ],
  email: (facts) => [
    'Confirm your new e-mail address for BusinessOS',
    'Somebody, presumably you, wants to sign in to BusinessOS with this e-mail address from now on. Open this link to confirm it:',
    ...linkOf(facts),
    'If that was not you, there is nothing to do: without the link nothing changes.',
  ],
  email_changed: ({ email }) => [
    'Your e-mail address at BusinessOS was changed',
    `The sign-in at BusinessOS that had the e-mail address ${email} has another one from now on. This address is no longer used.`,
    'If that was you, there is nothing to do.',
    'If that was not you, somebody else uses your sign-in. Tell an owner or admin of your business at once, who can remove it, and the operator of this service.',
  ],
};

/**
 * Writes a mail. Names that others chose cannot break a line, and one that looks like a link or an address is left
 * out, so that nobody mails advertising through us. A kind that leads somewhere needs `link` and `ends`.
 */
export function mailText(kind: MailKind, facts: MailFacts): MailText {
  const [subject, ...paragraphs] = texts[kind](facts);
  return { subject, text: `${[...paragraphs, 'BusinessOS'].map(wrap).join('\n\n')}\n` };
}

function linkOf({ link, ends }: MailFacts): [string, string] {
  if (link === undefined || ends === undefined) throw new Error('this mail needs a link and its end');
  return [link, `It works once, until ${timeText(ends)}.`];
}

function businessOf({ business }: MailFacts): string {
  return quotable(business) ?? 'a business';
}

/** The name on one line and at most 100 characters, or undefined where a mail program could make a link of it. */
function quotable(name: string | undefined): string | undefined {
  const line = name?.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  if (!line || line.length > 100 || /[@/\\]|\p{L}\.\p{L}|www\./iu.test(line)) return undefined;
  return line;
}

/** Breaks a paragraph into lines of at most 72 characters; a link stays whole. */
function wrap(paragraph: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 72) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
