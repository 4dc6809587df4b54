import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MailFacts, type MailKind, mailText } from '../../src/pages/mail-texts.ts';

const kinds: readonly MailKind[] = ['signup', 'signup_known', 'reset', 'invitation', 'email', 'email_changed'];
const facts: MailFacts = {
  email: 'mara.lind@nordwind.example',
  link: 'https://id.bos.example/link/Zk3vX0bqN7m2cT9yQw5LrA8sUeHdJfGiKoPpVtBnMx1Zk3vX0bqN7m2cT9yQw5LrA8',
  ends: '2026-03-13T14:05:00Z',
  business: 'Nordwind Energie',
  inviter: 'Theo Brandt',
  role: 'admin',
};

for (const kind of kinds) {
  test(`${kind} is plain text in short lines that says what to do if it was somebody else`, () => {
    const { subject, text } = mailText(kind, facts);
    assert.match(subject, /^[^\r\n]{10,78}$/);
    assert.match(text, /If (that was not you|you do not know)/);
    for (const line of text.split('\n')) assert.ok(line.length <= 72 || line === facts.link, line);
  });

  test(`${kind} leaves out names that would break a line or become a link`, () => {
    for (const name of [
      'https://evil.example/x',
      'www.evil',
      'Win at evil.example',
      'mail@evil.example',
      'x'.repeat(101),
    ]) {
      const { subject, text } = mailText(kind, { ...facts, business: name, inviter: name });
      assert.ok(!`${subject}\n${text}`.includes(name), name);
    }
    const { subject, text } = mailText(kind, { ...facts, business: 'A\r\nBcc: b', inviter: 'A\u2028\u202eB' });
    assert.doesNotMatch(subject + text, /[\r\u2028\u202e]/);
    assert.doesNotMatch(subject, /\n/);
  });
}

for (const kind of kinds.filter((one) => one !== 'email_changed')) {
  test(`${kind} has the link on a line of its own and says when it ends`, () => {
    const { text } = mailText(kind, facts);
    assert.ok(text.split('\n').includes(facts.link ?? ''));
    assert.match(text, /once, until 13 Mar 2026, 14:05 UTC/);
    assert.throws(() => mailText(kind, { email: facts.email }), /needs a link/);
  });
}

test('an invitation says who invites, to which business and as what', () => {
  const { subject, text } = mailText('invitation', facts);
  assert.equal(subject, 'Invitation to Nordwind Energie on BusinessOS');
  assert.match(text.replaceAll('\n', ' '), /Theo Brandt invites you to Nordwind Energie on BusinessOS as an admin\./);
});

test('somebody with a password is told to use it, and a changed address names the old one', () => {
  assert.match(mailText('signup_known', facts).text.replaceAll('\n', ' '), /You have a password here already/);
  assert.match(mailText('email_changed', facts).text, /mara\.lind@nordwind\.example/);
});
