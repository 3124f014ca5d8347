// The golden models on the TensorFlow.js device, backend 'wasm'.

process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:wasm';
await import('./goldens.test.js');
