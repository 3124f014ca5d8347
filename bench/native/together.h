// Runs a function on several threads at once.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

/** Calls work(thread) on each thread. Returns the seconds from the moment when all are ready until the last has ended. */
template <typename Work>
double together(int32_t threads, Work work) {
  using Clock = std::chrono::steady_clock;
  std::atomic<int32_t> ready{0};
  std::vector<std::thread> others;
  const auto start_line = [&] {
    ++ready;
    while (ready < threads) std::this_thread::yield();
  };
  for (int32_t thread = 1; thread < threads; ++thread)
    others.emplace_back([&, thread] {
      start_line();
      work(thread);
    });
  start_line();
  const auto start = Clock::now();
  work(0);
  for (std::thread& other : others) other.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}
