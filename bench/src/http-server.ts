/** The whole product, as `bos serve` starts it from the same environment, for the parent that measures it. */

import { readConfig, startServer } from '@businessos/server';
import { answerParent } from './http-child.ts';

const { port, stop } = await startServer(readConfig());
answerParent(port, stop);
