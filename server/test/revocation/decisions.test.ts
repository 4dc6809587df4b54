import { test } from 'node:test';
import * as store from '../../src/identity/credential-store.ts';
import { onboardTenant, startTestServer } from '../harness.ts';
import { checkRightsAreOfOneStatement, decisionRules } from './decision-rules.ts';
import { product } from './stacks.ts';

const server = await startTestServer();
const tenant = await onboardTenant(server);

for (const [rule, check] of Object.entries(decisionRules)) test(rule, () => check(server, tenant, product));

test('rights and their position are of one statement: whoever is removed right behind it holds stale ones', () =>
  checkRightsAreOfOneStatement(server, tenant, product, store));
