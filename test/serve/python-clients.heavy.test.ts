// Python's clients, unmodified: openai, LangChain and LiteLLM.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { apiKey } from '../../src/serve/limits.js';
import { openService } from './open-service.js';
import { ScriptedEngine } from './scripted-engine.js';

const python = process.env.CHATBOT_TRAIN_PYTHON;
const run = promisify(execFile);

const program = `
import os, sys
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
from langchain_openai import ChatOpenAI
from openai import NotFoundError, OpenAI

base = sys.argv[1]
message = [{"role": "user", "content": "Hi"}]
expected = "I have read 2 letters."

client = OpenAI(base_url=base + "/v1", api_key="secret", max_retries=0)
assert [model.id for model in client.models.list()] == ["shop"]
made = client.chat.completions.create(model="shop", messages=message)
assert made.choices[0].message.content == expected
options = {"include_usage": True}
chunks = list(client.chat.completions.create(model="shop", messages=message, stream=True, stream_options=options))
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == expected
assert chunks[-1].usage.completion_tokens == 22
assert client.completions.create(model="shop", prompt="Hi").choices[0].text == expected
try:
    client.chat.completions.create(model="other", messages=message)
    raise AssertionError("no error")
except NotFoundError as error:
    assert error.code == "model_not_found"

chat = ChatOpenAI(model="shop", base_url=base + "/v1", api_key="secret", max_retries=0)
assert chat.invoke("Hi").content == expected
assert "".join(part.content for part in chat.stream("Hi")) == expected

for model, address in (("openai/shop", base + "/v1"), ("ollama_chat/shop", base)):
    answer = litellm.completion(model=model, api_base=address, api_key="secret", messages=message)
    assert answer.choices[0].message.content == expected
print("done")
`;

it('are served', async (t) => {
  if (python === undefined) return t.skip('CHATBOT_TRAIN_PYTHON does not name a Python');
  try {
    await run(python, ['-c', 'import openai, langchain_openai, litellm']);
  } catch {
    return t.skip('that Python has no openai, langchain_openai and litellm');
  }
  const engine = new ScriptedEngine((prompt) => `I have read ${prompt.length} letters.`);
  const { app } = await openService(null, { keys: [apiKey('secret')] }, engine);
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const { stdout } = await run(python, ['-c', program, address]);
  await app.close();
  assert.match(stdout, /done/);
});
