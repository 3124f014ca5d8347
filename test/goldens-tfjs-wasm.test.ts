// The golden models on the TensorFlow.js device, backend 'wasm', each one of the two ways.

process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:wasm';
process.env.CHATBOT_TRAIN_TEST_WAYS = 'one';
await import('./goldens.test.js');
