#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace moorgate {

/// A lazy coroutine that runs on one worker's loop and stays there. Parameters of coroutines are
/// taken by value, or by reference to something the caller keeps alive across the await.
template <class T = void>
using Task = boost::asio::awaitable<T, boost::asio::io_context::executor_type>;

}  // namespace moorgate
