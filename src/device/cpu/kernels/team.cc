// See team.h. A job is published in one 64-bit number: its generation, and how many of its tasks are not yet taken. Taking
// a task is a compare-and-swap of that number, which fails for a thread that still holds an earlier job. No thread has to
// wait for another between jobs.

#include "team.h"

#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace team {
namespace {

using Clock = std::chrono::steady_clock;

/** How long a helper stays awake without work: longer than it takes to sample a token. */
constexpr auto kAwake = std::chrono::milliseconds(3);
/** How often a waiting thread polls, at about ten nanoseconds each, before it yields the processor. */
constexpr int kPolls = 200;

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/** Polls the condition for a while, then once more after yielding. */
template <class Condition>
bool soon(const Condition& condition) {
  for (int poll = 0; poll < kPolls; poll++) {
    if (condition()) return true;
    relax();
  }
  std::this_thread::yield();
  return condition();
}

struct Helper {
  std::mutex mutex;
  std::condition_variable called;
  std::atomic<bool> asleep{false};
};

class Team {
 public:
  void run(int64_t tasks, Task task, const void* context, size_t helpers) {
    while (helpers_.size() < helpers && start()) {}
    task_.store(task, std::memory_order_release);
    context_.store(context, std::memory_order_release);
    done_.store(0, std::memory_order_release);
    wanted_.store(helpers, std::memory_order_release);
    const uint64_t generation = (job_.load() >> 32) + 1;
    job_.store(generation << 32 | static_cast<uint64_t>(tasks));
    for (size_t number = 0; number < helpers && number < helpers_.size(); number++) wake(*helpers_[number]);
    work();
    while (!soon([&] { return done_.load(std::memory_order_acquire) == tasks; })) {}
  }

  /** Held by the thread that runs a job. */
  std::mutex mutex;

 private:
  static uint32_t generation_of(uint64_t job) { return static_cast<uint32_t>(job >> 32); }
  static uint32_t left_of(uint64_t job) { return static_cast<uint32_t>(job); }

  /** Takes and runs tasks until none is left. */
  void work() {
    uint64_t job = job_.load(std::memory_order_acquire);
    while (left_of(job) > 0) {
      const Task task = task_.load(std::memory_order_acquire);
      const void* const context = context_.load(std::memory_order_acquire);
      if (!job_.compare_exchange_weak(job, job - 1)) continue;
      task(context, left_of(job) - 1);
      done_.fetch_add(1, std::memory_order_release);
      job = job_.load(std::memory_order_acquire);
    }
  }

  /** @returns false if the operating system refuses another thread. The team then has fewer helpers. */
  bool start() {
    keep_library();
    Helper* const helper = new Helper;  // never freed: the thread lives as long as the process
    const size_t number = helpers_.size();
    try {
      std::thread([this, helper, number] { help(*helper, number); }).detach();
    } catch (const std::system_error&) {
      delete helper;
      return false;
    }
    helpers_.push_back(helper);
    return true;
  }

  void help(Helper& self, size_t number) {
    for (uint32_t seen = 0;;) {
      const auto is_new = [&] { return generation_of(job_.load()) != seen && number < wanted_.load(); };
      for (const auto start = Clock::now(); !soon(is_new);)
        if (Clock::now() - start > kAwake) sleep(self, is_new);
      seen = generation_of(job_.load());
      work();
    }
  }

  template <class Condition>
  void sleep(Helper& self, const Condition& condition) {
    std::unique_lock<std::mutex> lock(self.mutex);
    self.asleep.store(true);
    self.called.wait(lock, condition);
    self.asleep.store(false);
  }

  void wake(Helper& helper) {
    if (!helper.asleep.load()) return;
    { std::lock_guard<std::mutex> lock(helper.mutex); }
    helper.called.notify_one();
  }

  /** Keeps this library loaded, because the helper threads run its code until the process ends. */
  static void keep_library() {
    Dl_info self;
    if (dladdr(reinterpret_cast<void*>(&keep_library), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }

  std::atomic<uint64_t> job_{0};
  std::atomic<Task> task_{nullptr};
  std::atomic<const void*> context_{nullptr};
  std::atomic<int64_t> done_{0};
  std::atomic<size_t> wanted_{0};
  std::vector<Helper*> helpers_;
};

/** Never destroyed, because helpers may still read it while the process exits. */
Team& the_team() {
  static Team& team = *new Team;
  return team;
}

thread_local int wanted_helpers = 0;

}  // namespace

void set_helpers(int count) { wanted_helpers = count; }
int helpers() { return wanted_helpers; }

void run(int64_t tasks, Task task, const void* context) {
  if (tasks > 1 && wanted_helpers > 0) {
    Team& team = the_team();
    // If another thread is running a job, this thread runs its tasks alone.
    const std::unique_lock<std::mutex> mine(team.mutex, std::try_to_lock);
    if (mine) return team.run(tasks, task, context, static_cast<size_t>(wanted_helpers));
  }
  for (int64_t number = 0; number < tasks; number++) task(context, number);
}

}  // namespace team
