// prepare.mjs FOLDER: makes the data folders that the tests of the page begin with.
import { Server } from './server.mjs';

await Server.prepare(process.argv[2]);
