import { takeAway, written } from './teeth.ts';

takeAway(
  written.filter((name) => name !== 'crm.contacts' && name !== 'identity.sessions'),
  false,
);
