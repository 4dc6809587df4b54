import { test } from 'node:test';
import * as module from '../../src/identity/feed.ts';
import { feedRules } from '../revocation/feed-rules.ts';

for (const [rule, check] of Object.entries(feedRules)) test(rule, () => check(module));
