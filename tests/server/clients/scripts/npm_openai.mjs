// The official npm client. Arguments: the base URL and the folder that has the package.
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, folder] = process.argv.slice(2);
const OpenAI = createRequire(join(folder, "x.js"))("openai");
const client = new OpenAI({ baseURL: url, apiKey: "key", maxRetries: 0 });
const messages = [{ role: "user", content: "Hi" }];
const tools = [{ type: "function", function: { name: "weather", parameters: {} } }];
const seen = {};

seen.models = (await client.models.list()).data.map((model) => model.id);
const whole = await client.chat.completions.create({ model: "hello", messages });
seen.whole = whole.choices[0].message.content;
seen.usage = whole.usage.total_tokens;

const options = { stream: true, stream_options: { include_usage: true } };
seen.stream = "";
for await (const chunk of await client.chat.completions.create({ model: "hello", messages, ...options })) {
  seen.stream += chunk.choices[0]?.delta?.content ?? "";
  seen.streamed_usage = chunk.usage?.total_tokens;
}

const runner = client.chat.completions.stream({ model: "tools", messages, tools });
seen.tool = (await runner.finalMessage()).tool_calls[0].function;

seen.broken = "";
try {
  for await (const chunk of await client.chat.completions.create({ model: "breaks", messages, stream: true })) {
    seen.broken += chunk.choices[0]?.delta?.content ?? "";
  }
} catch (error) {
  seen.broken_error = error.message;
}

for (const [name, change] of [["unknown", { model: "nobody" }], ["wrong", { temperature: "hot" }]]) {
  try {
    await client.chat.completions.create({ model: "hello", messages, ...change });
  } catch (error) {
    seen[name] = error.status;
  }
}
try {
  await new OpenAI({ baseURL: url, apiKey: "no", maxRetries: 0 }).models.list();
} catch (error) {
  seen.denied = error.status;
}
console.log(JSON.stringify(seen));
