// One line on what went wrong: Node would print the source beside it, and that of onnxruntime-web is one long line.
import { basename } from "node:path";

export function say(error) {
  console.error(`${basename(process.argv[1])}: ${error.message.split("\n")[0]}`);
  process.exit(1);
}
