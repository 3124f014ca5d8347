// The golden models on the TensorFlow.js device, backend 'wasm'. Each model runs either with or without gradient
// checkpointing.

process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:wasm';
process.env.CHATBOT_TRAIN_TEST_WAYS = 'one';
await import('./goldens.test.js');
