import { createTransport, type Transporter } from 'nodemailer';

/** A mail as it goes out; `id` is the same at every try, so that a receiver sees a repeat as one. */
export interface Mail {
  id: string;
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  send(mail: Mail): Promise<void>;
  end(): void;
}

/**
 * Sends by SMTP (RFC 5321). The receiver is given as an address object: of a text, `a@x, b@y` would be two receivers,
 * and a line break another header.
 */
export function smtpMailer(url: string, from: string): Mailer {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const transport: Transporter = createTransport({
    url,
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  } as Parameters<typeof createTransport>[0]);
  return {
    send: async ({ id, to, subject, text }) => {
      await transport.sendMail({
        messageId: `<${id}@${domain}>`,
        from: { name: 'BusinessOS', address: from },
        to: { name: '', address: to },
        subject,
        text,
        headers: { 'Auto-Submitted': 'auto-generated' }, // RFC 3834: no out-of-office answers to it
      });
    },
    end: () => transport.close(),
  };
}
