#!/usr/bin/env node
import { Command } from 'commander';
import { addCheck } from './check.ts';
import { addDatabaseCommands } from './database.ts';
import { addDoctor } from './doctor.ts';
import { addIdentity } from './identity.ts';
import { fail } from './output.ts';
import { addServe } from './serve.ts';
import { addTenantCommands } from './tenant.ts';
import { addToken } from './token.ts';

const program = new Command('bos')
  .description('BusinessOS: many businesses from one PostgreSQL, isolated by the database itself')
  .version('0.1.0')
  .showHelpAfterError('(bos <command> --help shows an example)')
  .addHelpText('after', '\nExit codes: 0 done · 1 refused or failed, with the reason · 2 wrong usage');

for (const add of [addServe, addDatabaseCommands, addCheck, addDoctor, addTenantCommands, addToken, addIdentity])
  add(program);

// commander ends with 1 for wrong usage; 1 is for what was understood and refused
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
for (const command of program.commands) {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  for (const inner of command.commands) inner.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}
program.parseAsync().catch(fail);
